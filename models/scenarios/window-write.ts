/**
 * Writes that fall into the window. /etc is merged with an upper directory; while a refresh has it detached, a program
 * creates a file that it finds missing, replaces one through a temporary name, overwrites one, or deletes one.
 */
import { type Next, start } from '../../src/program/linux.ts';
import { createIfMissing, deleteOnce, editByRename, holder, insider, reader, writeOnce } from '../actors.ts';
import { runDirectly } from '../run.ts';
import type { Choice, Expectation, Scenario, System } from '../scenario.ts';
import { perform } from '../systemd/verbs.ts';
import { replacementOf } from '../systemd/versions.ts';
import { build, invocation, merged, tree } from '../world.ts';

const root = (upper: 'directory' | 'hierarchy') => tree`
  etc/
    hostname "box"
    ${upper === 'hierarchy' ? 'motd "edited"' : ''}
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
            motd "default"
      extensions.mutable/
        ${upper === 'hierarchy' ? 'etc -> /etc' : 'etc/'}
          ${upper === 'directory' ? 'motd "edited"' : ''}
      staged/
        b/ #2
          etc/
            extension-release.d/
              extension-release.b "ID=_any\n"
`;

const ACTORS: Readonly<Record<string, Next>> = {
  create: start(createIfMissing, '/etc/app.conf', 'fallback'),
  edit: start(editByRename, '/etc/app.conf', '/etc/app.conf+', 'edited'),
  overwrite: start(writeOnce, '/etc/app.conf', 'edited'),
  delete: start(deleteOnce, '/etc/motd'),
  descriptor: start(holder, '/etc/motd', ' more'),
  inside: start(insider, '/etc', 'new.conf', 'new'),
  'inside-edit': start(insider, '/etc', 'app.conf', 'edited'),
};

const lost: readonly Expectation[] = [{ property: 'NoLostWrite', verdict: 'violated' }];
const kept: readonly Expectation[] = [{ property: 'NoLostWrite', verdict: 'holds' }];

/** What the window does to each kind of write, by what the upper directory is. */
const EXPECTED: Readonly<Record<string, Readonly<Record<'directory' | 'hierarchy', readonly Expectation[]>>>> = {
  create: {
    directory: [{ property: 'NoWrongWinner', verdict: 'violated' }, ...lost],
    hierarchy: [{ property: 'NoWrongWinner', verdict: 'violated' }, ...kept],
  },
  edit: { directory: lost, hierarchy: kept },
  overwrite: { directory: lost, hierarchy: kept },
  delete: {
    directory: [{ property: 'NoResurrect', verdict: 'holds' }],
    hierarchy: [{ property: 'NoResurrect', verdict: 'violated' }],
  },
  descriptor: { directory: kept, hierarchy: kept },
  inside: { directory: kept, hierarchy: kept },
  'inside-edit': { directory: lost, hierarchy: kept },
};

/** Where one overlay is swapped for the other, no write goes elsewhere, and nothing is ever missing. */
function swapped(actor: string): readonly Expectation[] {
  if (actor === 'create')
    return [
      { property: 'NoWrongWinner', verdict: 'vacuous' },
      { property: 'NoLostWrite', verdict: 'vacuous' },
    ];
  return [{ property: actor === 'delete' ? 'NoResurrect' : 'NoLostWrite', verdict: 'holds' }];
}

/**
 * A file that is written from inside the old overlay, after somebody looked for it in the new one: both are live over one upper
 * directory, and nobody promises that the new one sees it. That is so in every version, a swap included; with a window the
 * file can also be missing for sure, where the bare host is not that directory.
 */
function seenBy(replacement: 'window' | 'swap' | 'refused', upper: 'directory' | 'hierarchy'): readonly Expectation[] {
  const bare = replacement === 'window' && upper === 'directory';
  return [
    { property: 'NoVanish', verdict: replacement === 'refused' ? 'holds' : bare ? 'violated' : 'undefined' },
    ...kept,
  ];
}

export const scenario: Scenario = {
  name: 'window-write',
  title: 'a program writes to /etc while a refresh has the overlay detached',
  options: {
    mutable: { what: 'the mutable mode', values: ['auto', 'yes'], default: 'yes' },
    upper: {
      what: 'what /var/lib/extensions.mutable/etc is: a directory of its own, or a link to /etc',
      values: ['directory', 'hierarchy'],
      default: 'hierarchy',
    },
    actor: {
      what: 'what the program does: create a file if it is missing, edit through a temporary name, overwrite, delete, append through a descriptor that it keeps, write from inside /etc (a new file, or an edit)',
      values: ['create', 'edit', 'overwrite', 'delete', 'descriptor', 'inside', 'inside-edit'],
      default: 'create',
    },
    watched: {
      what: 'whether another program looks for the file that is written from inside, again and again (only with actor=inside)',
      values: ['no', 'yes'],
      default: 'no',
    },
  },
  build: (choice: Choice): System => {
    const run = invocation(choice);
    const upper = choice.options['upper'] === 'directory' ? 'directory' : 'hierarchy';
    const actor = choice.options['actor'] ?? 'create';
    const program = ACTORS[actor];
    const watched = choice.options['watched'] === 'yes' && actor === 'inside';
    const replacement = replacementOf(run.systemd);
    const window = replacement === 'window';
    if (program === undefined) throw new Error(`no actor for ${actor}`);
    return {
      world: merged(build({ root: root(upper), processes: { boot: 2, refresh: 2, program: 0, watcher: 0 } }), run, [
        { op: 'rename', from: '/var/lib/staged/b', to: '/var/lib/confexts/b' } as const,
      ]),
      processes: [
        { name: 'refresh', program: start(perform, 'refresh', run) },
        { name: 'program', program },
        ...(watched ? [{ name: 'watcher', program: start(reader, '/etc/new.conf') }] : []),
      ],
      tools: { refresh: run },
      hierarchies: ['/etc'],
      expectations: watched ? seenBy(replacement, upper) : window ? (EXPECTED[actor]?.[upper] ?? []) : swapped(actor),
      summary: `upper is ${upper === 'hierarchy' ? '/etc itself' : 'a directory of its own'}, the program does: ${actor}`,
    };
  },
};
void runDirectly(import.meta.url, scenario);
