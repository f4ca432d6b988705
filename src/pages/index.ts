/** The pages that are computed from the model, by their names below docs/, and the index of them. */
import type { Field } from '../conform/json.ts';
import { behavioursPage } from './behaviours.ts';
import { failuresPage } from './failures.ts';
import { page, paragraph } from './markdown.ts';
import { modesPage } from './modes.ts';
import { notModelledPage } from './notmodelled.ts';
import { Recordings } from './recorded.ts';
import { refreshPage } from './refresh.ts';
import { skipPage } from './skip.ts';

/** What pages are made from besides the model. */
export interface Sources {
  /** The text of ARCHITECTURE.md. */
  readonly architecture: string;
  /** The recordings of the real systemd. */
  readonly vectors: readonly Field[];
}

interface Page {
  readonly name: string;
  readonly what: string;
  readonly make: (sources: Sources, recordings: Recordings) => string;
}

const PAGES: readonly Page[] = [
  {
    name: 'modes.md',
    what: 'what each mutable mode does with each kind of mutable directory: layers, where writes go, what stays after unmerge',
    make: (_, recordings) => modesPage(recordings),
  },
  {
    name: 'refresh.md',
    what: 'a refresh call by call, and what the host, other namespaces and holders of the old `/etc` see meanwhile',
    make: () => refreshPage(),
  },
  {
    name: 'failures.md',
    what: 'what is left when a call fails, at every step, or when something is wrong with the machine',
    make: (_, recordings) => failuresPage(recordings),
  },
  {
    name: 'skip.md',
    what: 'which changes a refresh notices, which it misses, and when it does its work for nothing',
    make: (_, recordings) => skipPage(recordings),
  },
  { name: 'behaviours.md', what: 'what differs between versions of systemd', make: () => behavioursPage() },
  {
    name: 'not-modelled.md',
    what: 'what the model leaves out, and what happens instead',
    make: ({ architecture }) => notModelledPage(architecture),
  },
];

function indexPage(): string {
  return page(
    'The semantics, as pages',
    paragraph(`These pages say what systemd-sysext and systemd-confext do, as far as the model knows. Nobody types them: the
      tables are filled by running the programs in \`models/systemd/\` on the model of Linux in \`src/kernel/\`, and where a row names a
      recording of the real systemd, the two are compared. Only the last two are lists that are there already: the rows that the
      programs ask for, and a table of ARCHITECTURE.md. So a page is wrong only where the model is, and then some recording or
      test should say so.`),
    [
      '| page | what it shows |',
      '|---|---|',
      ...PAGES.map(({ name, what }) => `| [${name}](${name}) | ${what} |`),
    ].join('\n'),
    paragraph(`\`npm run -s overlaycheck -- docs\` writes them, \`docs --check\` says which of them differ from the model and where; the
      tests run that. Change the model, run the first, and read the difference: it is what your change means.`),
    paragraph(`[rules.md](rules.md) and [systemd-rules.md](systemd-rules.md) are made in another way, because they are about tests: they
      list the rules of the kernel model and of systemd's programs, each with what notices when the rule is switched off.
      \`test/mutants/\` writes and compares them.`),
  );
}

/** All pages: name and Markdown. */
export function pages(sources: Sources): readonly (readonly [name: string, text: string])[] {
  const recordings = new Recordings(sources.vectors);
  return [['README.md', indexPage()], ...PAGES.map(({ name, make }) => [name, make(sources, recordings)] as const)];
}
