import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { decode, escapeInvalid } from './bytes.ts';

/**
 * Extended attributes through getfattr(1), since Node has no call for them. What matters are overlayfs' marks in layers
 * (opaque and redirect above all) and systemd's user.extension-release.strict.
 */

/** Path as getfattr was given or found it (bytes, one per character) -> name -> value. */
export type XattrMap = ReadonlyMap<string, ReadonlyMap<string, string>>;
export type Xattrs =
  | { readonly known: true; readonly of: XattrMap; readonly complaints: readonly string[] }
  /** The marks of directories are not known, and verdicts that depend on them are undefined. */
  | { readonly known: false; readonly why: string; readonly of: XattrMap };

/** Not origin, impure, nlink, uuid, upper and protattr: they do not change what a model of the layers shows. */
const PATTERN =
  '^(trusted|user)\\.overlay\\.(overlay\\.)*(opaque|redirect|whiteout|xwhiteouts|metacopy)$|^user\\.extension-release\\.strict$';
/** Command lines are limited; trees are few, so this is never met in practice. */
const ROOTS_PER_CALL = 500;

/** Attributes of everything at and below some directories, no symlink followed. The paths must be valid UTF-8. */
export function readXattrs(paths: readonly string[]): Xattrs {
  const all = new Map<string, ReadonlyMap<string, string>>();
  const complaints: string[] = [];
  for (let at = 0; at < paths.length; at += ROOTS_PER_CALL) {
    const options = ['-R', '-P', '-h', '-d', '-m', PATTERN, '-e', 'hex', '--absolute-names', '--'];
    const run = spawnSync('getfattr', [...options, ...paths.slice(at, at + ROOTS_PER_CALL)], {
      env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C' },
      maxBuffer: 1 << 28,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    if (run.error !== undefined) return { known: false, why: whyNot(run.error), of: new Map() };
    for (const [path, attributes] of parseGetfattr(run.stdout.toString('latin1'))) all.set(path, attributes);
    complaints.push(
      ...run.stderr
        .toString('latin1')
        .split('\n')
        .filter((line) => line !== ''),
    );
    if (run.status !== 0 && complaints.length === 0)
      return { known: false, why: `getfattr ended with status ${run.status}`, of: new Map() };
  }
  return maySeeTrusted() ? { known: true, of: all, complaints } : { known: false, why: NOT_PERMITTED, of: all };
}

const NOT_PERMITTED = 'trusted.overlay.* is only shown to a process with CAP_SYS_ADMIN in the first user namespace';
const whyNot = (error: Error): string =>
  'code' in error && error.code === 'ENOENT' ? 'getfattr is not installed (package attr)' : error.message;

/** To others the kernel does not refuse these attributes, it hides them. Source: xattr(7), Linux xattr_permission(). */
function maySeeTrusted(): boolean {
  try {
    const capabilities = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1] ?? '0';
    const initial = /^\s*0\s+0\s+4294967295\s*$/.test(readFileSync('/proc/self/uid_map', 'latin1'));
    return initial && (BigInt(`0x${capabilities}`) & (1n << 21n)) !== 0n;
  } catch {
    return false;
  }
}

/** Octal escapes of control characters and of the backslash. Source: attr's misc/quote.c. */
const unquote = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));

/**
 * The output of `getfattr -d -e hex --absolute-names`, one character per byte. Anything unforeseen throws: a mark that
 * is overlooked would make a wrong verdict, not a missing one.
 */
export function parseGetfattr(output: string): XattrMap {
  const all = new Map<string, Map<string, string>>();
  let here: Map<string, string> | undefined;
  output.split('\n').forEach((line, index) => {
    if (line === '') {
      here = undefined;
      return;
    }
    const header = /^# file: (.*)$/s.exec(line);
    if (header !== null) {
      here = new Map();
      all.set(unquote(header[1] ?? ''), here);
      return;
    }
    const pair = /^([^=]+)=0x((?:[0-9a-f]{2})*)$/.exec(line) ?? /^([^=]+)(?:="")?$/.exec(line);
    if (here === undefined || pair === null)
      throw new Error(`line ${index + 1} of getfattr's output is neither a file nor NAME=0xHEX: ${line}`);
    here.set(unquote(pair[1] ?? ''), escapeInvalid(decode(Buffer.from(pair[2] ?? '', 'hex'))));
  });
  return all;
}
