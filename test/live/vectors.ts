/**
 * `npm run -s vectors`: records the drafts of test/vectors/sources/ on the kernel of this machine, a file of
 * test/vectors/own/ for each module there, of test/vectors/mount/ for one with mount scripts, of test/vectors/systemd/ for one with
 * drafts for each real systemd that is found (see src/live/systemdroots.ts). With `--check` nothing is written: it says whether the
 * kernel does again what the files say, and exits with 1 if it does not. `--systemd --check FILE…` does that with files of systemd
 * vectors from elsewhere.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { Field } from '../../src/conform/json.ts';
import { Kernel } from '../../src/live/kernel.ts';
import { record, type Vector } from '../../src/live/record.ts';
import { systemdRoots } from '../../src/live/systemdroots.ts';
import { Script } from '../kernel/mountscript.ts';
import { onKernel } from './mounts.ts';
import { checkSystemd, recordedSystemd } from './systemdvectors.ts';

const SOURCES = 'test/vectors/sources';
const OWN = 'test/vectors/own';
const MOUNT = 'test/vectors/mount';
const SYSTEMD = 'test/vectors/systemd';

/** The drafts that a module exports, in all of its arrays. */
async function draftsOf(module: string): Promise<readonly Vector[]> {
  const exported: Readonly<Record<string, unknown>> = await import(`../vectors/sources/${module}`);
  return Object.values(exported).filter(Array.isArray).flat();
}

/** A file of vectors: where they come from, and a vector on each line. */
async function recorded(kernel: Kernel, module: string, drafts: readonly Vector[], before: string): Promise<string> {
  const origin = { kernel: `Linux ${release()}`, command: 'npm run -s vectors', source: `${SOURCES}/${module}` };
  if (drafts.some((draft) => 'hierarchies' in draft)) return recordedSystemd(kernel, roots, drafts, origin, before);
  const lines = [JSON.stringify({ recorded: origin })];
  for (const draft of drafts) lines.push(JSON.stringify(await completed(kernel, draft, module)));
  return `${lines.join('\n')}\n`;
}

async function completed(kernel: Kernel, draft: Vector, module: string): Promise<Vector> {
  const field = new Field(draft, module, 1);
  if (!field.has('script')) return record(kernel, field);
  const script = new Script(field.get('script').array.map((line) => line.string));
  return { ...draft, ...(await onKernel(kernel, script, false)) };
}

/** Without the line that tells the kernel. */
const vectorsOf = (text: string): string => text.slice(text.indexOf('\n') + 1);

const kernel = await Kernel.start();
if (typeof kernel === 'string') {
  process.stderr.write(`vectors: ${kernel}\n`);
  process.exit(2);
}
const checks = process.argv.includes('--check');
if (process.argv.includes('--systemd')) {
  const files = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
  if (!checks || files.length === 0) {
    process.stderr.write('vectors: --systemd needs --check and a file of vectors\n');
    process.exit(2);
  }
  const differing = await checkSystemd(kernel, files);
  await kernel.stop();
  process.exit(differing > 0 ? 1 : 0);
}
const { roots, why } = await systemdRoots(kernel, () => true);
for (const line of why) process.stdout.write(`no systemd: ${line}\n`);
let differ = 0;
for (const folder of [OWN, SYSTEMD]) mkdirSync(folder, { recursive: true });
for (const module of readdirSync(SOURCES)
  .filter((name) => name.endsWith('.ts') && name !== 'draft.ts')
  .sort()) {
  const drafts = await draftsOf(module);
  const has = (key: string): boolean => drafts.some((draft) => key in draft);
  const folder = has('script') ? MOUNT : has('hierarchies') ? SYSTEMD : OWN;
  const file = `${folder}/${module.replace(/\.ts$/, '.jsonl')}`;
  const before = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const text = await recorded(kernel, module, drafts, before);
  const same = vectorsOf(before) === vectorsOf(text);
  process.stdout.write(
    `${file}: ${text.split('\n').length - 2} vectors${same ? ', as before' : checks ? ', not the same' : ''}\n`,
  );
  if (!same) differ++;
  if (!checks && !same) writeFileSync(file, text);
}
await kernel.stop();
process.exit(checks && differ > 0 ? 1 : 0);
