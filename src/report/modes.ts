/**
 * The page docs/modes.md: what each mutable mode does with each kind of mutable directory, computed by running the model
 * (merge, write a file, edit an extension's file, unmerge), never typed.
 */
import { writeOnce } from '../../models/actors.ts';
import { invoke } from '../../models/systemd/invocation.ts';
import { MODES, type Mode, MUTABLE_KINDS, type MutableKind } from '../../models/systemd/mutable.ts';
import { isOurs, OBSERVER, QUESTIONS } from '../../models/systemd/questions.ts';
import { perform } from '../../models/systemd/verbs.ts';
import { RELEASES, systemd, type Version } from '../../models/systemd/versions.ts';
import { build, tree } from '../../models/world.ts';
import { resolve } from '../kernel/path.ts';
import { failed } from '../kernel/types.ts';
import { viewOf } from '../kernel/view.ts';
import { fileSystem, type Read } from '../kernel/world.ts';
import { type Next, runAlone, type Step, start } from '../program/linux.ts';

const MUTABLE: Readonly<Record<MutableKind, string>> = { missing: '', directory: 'etc/', hierarchy: 'etc -> /etc' };
const WORDS: Readonly<Record<MutableKind, string>> = {
  missing: 'missing',
  directory: 'a directory',
  hierarchy: 'a link to /etc',
};

/** One extension `a` with app.conf, a host with hostname, and the mutable directory in question, which has local.conf. */
const worldOf = (kind: MutableKind) =>
  build({
    root: tree`
      etc/
        hostname "box"
      run/
      usr/
        lib/
          os-release "ID=testos\nVERSION_ID=1\n"
      var/
        lib/
          confexts/
            a/ #1
              etc/
                app.conf "a1"
                extension-release.d/
                  extension-release.a "ID=_any\n"
          extensions.mutable/
            ${MUTABLE[kind]}
    `,
    processes: { merge: 2, creator: 0, editor: 0, unmerge: 0 },
  });

interface Row {
  readonly mode: Mode;
  readonly kind: MutableKind;
  readonly layers: string;
  readonly writable: string;
  readonly created: string;
  readonly edited: string;
  readonly after: string;
}

const alone = (world: Read, name: string, program: Next): { world: Read; steps: readonly Step[] } =>
  runAlone(world, { name, program }, QUESTIONS);

function row(version: Version, mode: Mode, kind: MutableKind): Row {
  const run = invoke('confext', systemd(version), { mutable: mode });
  const merged = alone(worldOf(kind), 'merge', start(perform, 'merge', run));
  if (!isOurs(merged.world, OBSERVER, '/etc')) {
    return {
      mode,
      kind,
      layers: `refused: ${refusal(merged.steps)}`,
      writable: '–',
      created: '–',
      edited: '–',
      after: '/etc as it was',
    };
  }
  const created = alone(merged.world, 'creator', start(writeOnce, '/etc/new.conf', 'new'));
  const edited = alone(created.world, 'editor', start(writeOnce, '/etc/app.conf', 'edited'));
  const writable = created.steps.every(({ result }) => 'ok' in result);
  const left = alone(edited.world, 'unmerge', start(perform, 'unmerge', run)).world;
  return {
    mode,
    kind,
    layers: layersAt(merged.world),
    writable: writable ? 'yes' : 'no',
    created: writable ? whereTo(created.steps, 'new.conf') : 'EROFS',
    edited: writable ? whereTo(edited.steps, 'app.conf') : 'EROFS',
    after: remains(left, kind),
  };
}

const refusal = (steps: readonly Step[]): string => {
  const last = steps.at(-1)?.call;
  return last?.op === 'leave' ? String(last.status) : 'before the child';
};

function layersAt(world: Read): string {
  const place = resolve(world, OBSERVER, '/etc');
  if (failed(place)) return '–';
  const fs = fileSystem(world, place.ok.fs);
  if (fs.kind !== 'overlay') return '–';
  return (fs.upper === null ? fs.lowers : [fs.upper, ...fs.lowers]).map(({ name }) => name).join(' > ');
}

/** The place where a written file really is: the path on the root file system, or the workspace's tmpfs. */
function whereTo(steps: readonly Step[], name: string): string {
  for (const change of steps.flatMap((step) => step.changes)) {
    if (
      (change.do === 'create' || change.do === 'replace') &&
      change.path.endsWith(`/${name}`) &&
      change.inode.type === 'file'
    ) {
      return change.fs === 'root' ? `\`${change.path}\`` : 'a tmpfs, lost with the overlay';
    }
    if (change.do === 'move' && change.to.endsWith(`/${name}`))
      return change.fs === 'root' ? `\`${change.to}\`` : 'a tmpfs, lost with the overlay';
  }
  return 'nowhere';
}

/** What everyone finds of the two writes once everything is unmerged. */
function remains(world: Read, kind: MutableKind): string {
  const etc = viewOf(world, OBSERVER, '/etc');
  const here = ['/etc/new.conf', '/etc/app.conf'].filter((path) => etc.has(path));
  if (here.length > 0) return `${here.map((path) => `\`${path}\``).join(', ')} in the host's /etc`;
  const mutable = kind === 'hierarchy' ? new Map() : viewOf(world, OBSERVER, '/var/lib/extensions.mutable/etc');
  const kept = [...mutable.keys()].filter((path) => path.endsWith('.conf'));
  return kept.length > 0 ? `nothing in /etc; ${kept.length} files in the mutable directory` : 'nothing';
}

/** The page as Markdown. */
export function modesPage(): string {
  const lines = [
    '# Mutable modes of systemd-confext',
    '',
    'Computed by running the model: one extension `a` (with `/etc/app.conf`) is merged over a host `/etc`, then `/etc/new.conf` is',
    'created, `/etc/app.conf` is edited, and everything is unmerged. `test/report/modes.test.ts` compares this page with the model.',
    'Layers are top to bottom: `upper` is written to, `meta` holds the marker directory, `import` is the mutable directory as a',
    'lower layer, `ext:NAME` an extension, `host` the directory below.',
  ];
  for (const version of RELEASES) {
    lines.push('', `## systemd ${version}`, '');
    lines.push(
      '| mode | mutable directory | layers | writable | a new file goes to | an edited file goes to | after unmerge |',
    );
    lines.push('|---|---|---|---|---|---|---|');
    for (const mode of MODES) {
      for (const kind of MUTABLE_KINDS) {
        const { layers, writable, created, edited, after } = row(version, mode, kind);
        lines.push(`| ${mode} | ${WORDS[kind]} | ${layers} | ${writable} | ${created} | ${edited} | ${after} |`);
      }
    }
  }
  return `${lines.join('\n')}\n`;
}
