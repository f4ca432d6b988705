import type { SystemdRule } from '../rule.ts';
import { ROWS } from './behaviours.ts';
import { MERGE } from './merge.ts';
import { MUTABLE } from './mutable.ts';
import { OVERLAY } from './overlay.ts';
import { QUESTIONS_ASKED } from './questions.ts';
import { SUBMOUNTS } from './submounts.ts';
import { UNMERGE } from './unmerge.ts';
import { VERBS } from './verbs.ts';

/** Every rule of the model of systemd that can be switched off, by chapters. */
export const SYSTEMD_CHAPTERS: readonly { readonly title: string; readonly rules: readonly SystemdRule[] }[] = [
  { title: 'The verbs', rules: VERBS },
  { title: 'What is found out', rules: QUESTIONS_ASKED },
  { title: 'Merging', rules: MERGE },
  { title: 'Unmerging', rules: UNMERGE },
  { title: 'Mutable modes and layers', rules: MUTABLE },
  { title: 'The overlay and its marker directory', rules: OVERLAY },
  { title: 'Submounts', rules: SUBMOUNTS },
  { title: 'What differs between versions', rules: ROWS },
];
export const SYSTEMD_RULES: readonly SystemdRule[] = SYSTEMD_CHAPTERS.flatMap(({ rules }) => rules);

/** What no recording can contradict. */
export const UNSEEN: readonly { readonly what: string; readonly where: string; readonly why: string }[] = [
  {
    what: '262 mounts a mutable overlay with index=off, 257 does not',
    where: '`versions.ts` indexOff',
    why: 'index=off is the default of the kernel that was recorded, and strace shows the same options in effect',
  },
  {
    what: 'in 262, a mount on another submount is carried along',
    where: '`versions.ts` nestedSubmounts',
    why: 'follows from cloneSubmounts: who moves clones is not asked for the row',
  },
  {
    what: 'how an overlay is replaced without a window, and what is cleaned up then',
    where: '`replace.ts`, and the rows assembly, submounts, fallback, kernelBeneath, cleansUp',
    why: 'no release does it; test/live/replacement.long.test.ts has the calls made on the kernel',
  },
  {
    what: 'what is done because another run may be at work at the same time',
    where: '`parallel` and `locksImages` of the call: `discovery.ts`, `merge.ts`, `submounts.ts`, `unmerge.ts`',
    why: 'a recording has one run after the other; test/models/parallel.long.test.ts has two at once',
  },
  {
    what: 'M8: what cannot be looked at is no sign that nothing was built',
    where: '`merge.ts` bindHierarchy',
    why: 'nobody else can reach the workspace',
  },
  {
    what: 'paths in the origin are as they are below the root',
    where: '`discovery.ts` originText',
    why: 'with --root, two origins are compared that have it or not; test/live/refinement.long.test.ts sees the file',
  },
  {
    what: 'another failure to detach the marker directory than EINVAL ends it',
    where: '`unmerge.ts` unmergeHierarchy',
    why: 'the directory is there, or the hierarchy would not be ours',
  },
  {
    what: 'where the original of a moved submount cannot be detached, that is only a warning',
    where: '`submounts.ts` moveBind, moveClones',
    why: 'it was found in the table of mounts a moment before, so that another process has to have a hand in it',
  },
  {
    what: 'the mutable directory is the hierarchy by its inode, not by its path',
    where: '`questions.ts` mutableKind',
    why: 'only binds have one inode and two paths, and those the kernel refuses with the same errors (own/md-links-to-bind-of-host)',
  },
  {
    what: 'the text of the options is cut off where the page ends',
    where: '`overlay.ts` mountOverlay',
    why: 'the model of mount(2) does that as well; that it is cut off at all, own/options-fill-a-page tells',
  },
  {
    what: 'every verb reads the configuration, and what is merged may want to be reloaded',
    where: '`verbs.ts` unmerge, status, wanted, reload',
    why: 'reading changes nothing, and recordings run with --no-reload',
  },
];
