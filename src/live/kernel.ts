import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { CallResult } from '../kernel/calls.ts';
import { word } from './lines.ts';

/**
 * The kernel of the machine, to compare the model with: a small C program (executor.c, built with `cc` when it is needed,
 * because Node has no calls for mounts, extended attributes or renameat2) carries out batches of calls. Every batch has a
 * mount namespace of its own whose only mount is an empty tmpfs; nothing outside can be reached from there, and it all goes
 * with the process.
 */
export class Kernel {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  #waiting: { readonly resolve: (lines: readonly string[]) => void; readonly reject: (why: Error) => void } | null =
    null;
  #chunks: string[] = [];
  #ended = false;

  private constructor(child: ChildProcessByStdio<Writable, Readable, null>) {
    this.#child = child;
    child.stdout.setEncoding('utf8');
    child.stdout.on('data', (chunk: string) => this.#read(chunk));
    child.on('close', (code, signal) => {
      this.#ended = true;
      this.#waiting?.reject(new Error(`the executor ended with ${code ?? signal}`));
    });
    child.stdin.on('error', () => {});
  }

  /** A running executor, or why there is none: another system, not root, no compiler, namespaces not permitted. */
  static async start(): Promise<Kernel | string> {
    if (process.platform !== 'linux') return `needs Linux, this is ${process.platform}`;
    if (process.getuid?.() !== 0) return 'needs root, for mounts in a namespace of its own';
    const directory = mkdtempSync(join(tmpdir(), 'overlaycheck-'));
    try {
      const program = join(directory, 'executor');
      const source = fileURLToPath(new URL('executor.c', import.meta.url));
      const built = spawnSync('cc', ['-O2', '-o', program, source], { encoding: 'utf8' });
      if (built.error !== undefined) return `needs a C compiler: ${built.error.message}`;
      if (built.status !== 0) throw new Error(`executor.c does not compile: ${built.stderr}`);
      const kernel = new Kernel(spawn(program, [tmpdir()], { stdio: ['pipe', 'pipe', 'inherit'] }));
      const [first] = await kernel.run(['! mkdir /a 493']);
      if (first !== undefined && 'ok' in first) return kernel;
      await kernel.stop();
      return 'mount namespaces are not permitted here';
    } finally {
      rmSync(directory, { recursive: true });
    }
  }

  /**
   * Plays lines (see lines.ts) in a new world and gives an answer for each. Fewer answers than lines: the world broke off.
   * With `machine`, the path of an unpacked root, the world is one in which the systemd of that root can run (machine.c).
   */
  async run(lines: readonly string[], machine?: string): Promise<readonly CallResult[]> {
    if (this.#waiting !== null) throw new Error('one batch at a time');
    if (this.#ended) throw new Error('the executor has ended');
    const answered = new Promise<readonly string[]>((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
    const begin = machine === undefined ? 'begin' : `begin machine ${word(machine)}`;
    this.#child.stdin.write(`${begin}\n${lines.join('\n')}\nend\n`);
    try {
      return (await answered).map((text) => JSON.parse(text) as CallResult);
    } finally {
      this.#waiting = null;
    }
  }

  /** Ends the executor; nothing of it is left. */
  async stop(): Promise<void> {
    if (this.#ended) return;
    const closed = new Promise((resolve) => this.#child.once('close', resolve));
    this.#child.stdin.end();
    await closed;
  }

  /** A batch is answered when its last line is "done STATUS". */
  #read(chunk: string): void {
    this.#chunks.push(chunk);
    if (!chunk.endsWith('\n')) return;
    const text = this.#chunks.join('');
    const last = text.lastIndexOf('\n', text.length - 2) + 1;
    if (!text.startsWith('done ', last)) return;
    this.#chunks = [];
    this.#waiting?.resolve(text.slice(0, last).split('\n').slice(0, -1));
  }
}
