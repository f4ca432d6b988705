/**
 * What must hold while /etc is replaced. Each property speaks about one subject (a file, a submount), says in a sentence
 * what it claims, and names the witness without which it would hold for lack of anything interesting.
 */
import type { Finding } from '../src/checker/model.ts';
import type { View } from '../src/kernel/view.ts';
import type { Step } from '../src/program/linux.ts';
import {
  allowedAt,
  brief,
  isExclusive,
  isStable,
  type Ledger,
  rawSights,
  type Sight,
  sights,
  written,
} from './ledger.ts';
import type { Scene } from './scene.ts';

export interface Property {
  readonly name: string;
  readonly claim: string;
  /** What must have been met for "holds" to mean anything. */
  readonly witness: string;
  readonly met:
    | { readonly onStep: (step: Step, before: Scene) => boolean }
    | { readonly inState: (now: Scene) => boolean };
  /** Violations by a step of a process that is not the tool; a property has this or the next. */
  readonly onStep?: (step: Step, before: Scene, after: Scene) => readonly Finding[];
  /** Violations by a state. */
  readonly inState?: (now: Scene) => readonly Finding[];
  /** Whether a state at rest still has the damage. */
  readonly damaged: (now: Scene, subject: string) => boolean;
}

/** What a call by name found at its path: a sight, "something" where contents are not returned, nothing (null), or no observation. */
export function observed(step: Step): { path: string; sight: Sight; whole: boolean } | undefined {
  const { call, result } = step;
  if (
    call.op !== 'read' &&
    call.op !== 'access' &&
    call.op !== 'stat' &&
    call.op !== 'lstat' &&
    call.op !== 'open' &&
    call.op !== 'exec'
  )
    return undefined;
  if (!call.path.startsWith('/') || (call.op === 'open' && call.flags.includes('O_CREAT'))) return undefined;
  if ('err' in result)
    return result.err === 'ENOENT' || result.err === 'ENOTDIR'
      ? { path: call.path, sight: null, whole: true }
      : undefined;
  const whole = call.op === 'read' && typeof result.ok === 'string';
  return { path: call.path, sight: whole ? `file ${result.ok}` : 'something', whole };
}

const sightAt = (view: View, path: string): Sight => sights(view).get(path) ?? null;
const wrongAtRest = (now: Scene, path: string): boolean =>
  !allowedAt(now.ledger, path).includes(sightAt(now.view, path));

export const NoVanish: Property = {
  name: 'NoVanish',
  claim: 'a file that is there before and after a refresh is there for everyone at every moment between',
  witness: 'a process read a stable file while a refresh was under way',
  met: {
    onStep: (step, { ledger }) =>
      ledger.run !== 'none' && (observed(step)?.sight ?? null) !== null && isStable(ledger, observed(step)?.path ?? ''),
  },
  onStep: (step, { ledger }) => {
    if (step.call.op === 'readdir' && 'ok' in step.result && Array.isArray(step.result.ok))
      return missingFromListing(ledger, step.call.path, step.result.ok);
    const seen = observed(step);
    if (seen === undefined || seen.sight !== null || !isStable(ledger, seen.path)) return [];
    return [{ subject: seen.path, detail: 'a file that is there before and after is gone' }];
  },
  damaged: (now, subject) => isStable(now.ledger, subject) && sightAt(now.view, subject) === null,
};

function missingFromListing(ledger: Ledger, directory: string, listed: readonly unknown[]): readonly Finding[] {
  const names = new Set(listed.map((entry) => (Array.isArray(entry) ? String(entry[0]) : String(entry))));
  return [...ledger.expected.keys()]
    .filter((path) => path.slice(0, path.lastIndexOf('/')) === directory && isStable(ledger, path))
    .filter((path) => !names.has(path.slice(directory.length + 1)))
    .map((subject) => ({ subject, detail: 'a file that is there before and after is not listed' }));
}

export const NoWrongWinner: Property = {
  name: 'NoWrongWinner',
  claim: 'whoever reads a file gets its old or its new contents, never those of a layer that should be covered',
  witness: 'a process read contents while a refresh was under way',
  met: {
    onStep: (step, { ledger }) =>
      ledger.run !== 'none' && observed(step)?.whole === true && observed(step)?.sight !== null,
  },
  onStep: (step, { ledger }) => {
    if (isExclusive(step)) {
      return written(step)
        .filter((path) => isStable(ledger, path))
        .map((subject) => ({ subject, detail: 'created, although it is there before and after' }));
    }
    const seen = observed(step);
    if (seen === undefined || !seen.whole || seen.sight === null || allowedAt(ledger, seen.path).includes(seen.sight))
      return [];
    if (isDeleted(ledger, seen.path)) return []; // NoResurrect speaks of those
    return [{ subject: seen.path, detail: `reads ${brief(seen.sight)}, which is neither the old nor the new file` }];
  },
  damaged: (now, subject) => sightAt(now.view, subject) !== null && wrongAtRest(now, subject),
};

const isDeleted = (ledger: Ledger, path: string): boolean => allowedAt(ledger, path).every((sight) => sight === null);

export const NoLostWrite: Property = {
  name: 'NoLostWrite',
  claim: 'what a process wrote, and was told had succeeded, is what everyone finds once things are at rest',
  witness: 'a write to the hierarchy succeeded',
  met: { inState: ({ ledger }) => ledger.acknowledged.size > 0 },
  inState: (now) =>
    [...now.ledger.acknowledged]
      .filter(([path, sight]) => sight !== null && now.atRest && sightAt(now.view, path) !== sight)
      .map(([subject, sight]) => ({
        subject,
        detail: `was written (${brief(sight)}), and is ${brief(sightAt(now.view, subject))}`,
      })),
  damaged: (now, subject) => {
    const sight = now.ledger.acknowledged.get(subject) ?? null;
    return sight !== null && sightAt(now.view, subject) !== sight;
  },
};

export const NoResurrect: Property = {
  name: 'NoResurrect',
  claim: 'a file that was deleted, or is hidden by a whiteout, does not come back',
  witness: 'a file of the hierarchy was deleted, or is hidden by a whiteout',
  met: { inState: ({ ledger }) => ledger.run !== 'none' && gone(ledger).length > 0 },
  inState: (now) => {
    const paths = gone(now.ledger);
    if (now.ledger.run === 'none' || paths.length === 0) return [];
    const there = sights(now.view);
    return paths
      .filter((path) => there.has(path))
      .map((subject) => ({ subject, detail: `was deleted, and is back as ${brief(there.get(subject) ?? null)}` }));
  },
  damaged: (now, subject) => gone(now.ledger).includes(subject) && sightAt(now.view, subject) !== null,
};

/** What nobody should see: files that a process deleted, and files of the host that every view so far has hidden. */
const gone = (ledger: Ledger): readonly string[] =>
  [...new Set([...ledger.acknowledged.keys(), ...ledger.host.keys()])].filter((path) => isDeleted(ledger, path));

export const FailureAtomic: Property = {
  name: 'FailureAtomic',
  claim: 'a run that fails leaves every file as it was before',
  witness: 'a run of the tool failed',
  met: { inState: ({ ledger }) => ledger.run === 'failed' },
  inState: (now) =>
    now.ledger.run === 'failed' && now.atRest
      ? [...now.ledger.expected.keys()]
          .filter((path) => wrongAtRest(now, path))
          .map((subject) => ({
            subject,
            detail: `the run failed, and the file is ${brief(sightAt(now.view, subject))}`,
          }))
      : [],
  damaged: (now, subject) => now.ledger.run === 'failed' && wrongAtRest(now, subject),
};

export const SubmountStable: Property = {
  name: 'SubmountStable',
  claim: 'a mount below the hierarchy stays mounted and reachable',
  witness: 'there was a submount while a run was under way',
  met: { inState: ({ ledger }) => ledger.run === 'running' && ledger.submounts.length > 0 },
  inState: (now) =>
    now.ledger.submounts
      .filter((path) => !now.submounts.includes(path))
      .map((subject) => ({ subject, detail: 'the mount is not there' })),
  damaged: (now, subject) => !now.submounts.includes(subject),
};

export const OneOverlay: Property = {
  name: 'OneOverlay',
  claim: 'when everything has come to rest, no hierarchy has one overlay stacked on another',
  witness: 'a run that merges was under way, or had ended',
  met: { inState: ({ ledger }) => ledger.run !== 'none' && ledger.verb !== 'unmerge' && !ledger.unmerged },
  inState: (now) =>
    now.atRest
      ? [...now.overlays]
          .filter(([, count]) => count > 1)
          .map(([subject, count]) => ({ subject, detail: `${count} overlays are stacked` }))
      : [],
  damaged: (now, subject) => (now.overlays.get(subject) ?? 0) > 1,
};

export const SameForAll: Property = {
  name: 'SameForAll',
  claim: 'once a run has ended well, processes in namespaces of their own see what everyone else sees',
  witness: 'a run had ended well, and a process was in a namespace of its own',
  met: { inState: (now) => now.ledger.run === 'done' && now.atRest && now.elsewhere.size > 0 },
  inState: (now) =>
    now.ledger.run === 'done' && now.atRest
      ? [...now.elsewhere].flatMap(([subject, view]) => {
          const detail = otherwise(now.view, view);
          return detail === null ? [] : [{ subject, detail }];
        })
      : [],
  damaged: (now, subject) => {
    const view = now.elsewhere.get(subject);
    return view !== undefined && otherwise(now.view, view) !== null;
  },
};

export const Settled: Property = {
  name: 'Settled',
  claim: 'when every tool has run, running them again changes nothing',
  witness: 'every tool had run',
  met: { inState: (now) => now.again !== null },
  inState: (now) => {
    const again = now.again;
    return again === null ? [] : unsettled(sights(now.view), sights(again));
  },
  damaged: (now, subject) =>
    now.again !== null && sightAt(now.view, subject) !== (sights(now.again).get(subject) ?? null),
};

const unsettled = (now: ReadonlyMap<string, string>, again: ReadonlyMap<string, string>): readonly Finding[] =>
  [...new Set([...now.keys(), ...again.keys()])]
    .filter((path) => now.get(path) !== again.get(path))
    .map((subject) => ({
      subject,
      detail: `is ${brief(now.get(subject) ?? null)}, and would be ${brief(again.get(subject) ?? null)} after another run`,
    }));

/** The first file that somebody sees otherwise than everyone else; null where there is none. */
function otherwise(all: View, one: View): string | null {
  const [expected, found] = [sights(all), sights(one)];
  const paths = [...new Set([...expected.keys(), ...found.keys()])];
  const path = paths.find((each) => expected.get(each) !== found.get(each));
  if (path === undefined) return null;
  const sight = found.get(path);
  return sight === undefined ? `does not see ${path}` : `sees ${path} as ${brief(sight)}`;
}

export const HostRestored: Property = {
  name: 'HostRestored',
  claim: 'merge and then unmerge leave the host directory as it was, but for what was written on purpose',
  witness: 'everything was unmerged again',
  met: { inState: ({ ledger }) => ledger.run === 'done' && ledger.unmerged },
  inState: (now) => {
    if (!now.ledger.unmerged || now.ledger.run !== 'done' || !now.atRest) return [];
    const host = rawSights(now.host);
    return [...new Set([...host.keys(), ...now.ledger.host.keys()])]
      .filter((path) => isForeign(now.ledger, path, host.get(path) ?? null))
      .map((subject) => ({
        subject,
        detail: `was ${brief(now.ledger.host.get(subject) ?? null)}, and is ${brief(host.get(subject) ?? null)}`,
      }));
  },
  damaged: (now, subject) => isForeign(now.ledger, subject, rawSights(now.host).get(subject) ?? null),
};

/** Neither what the host had nor what a process put there, or removed, on purpose. */
const isForeign = ({ host, acknowledged }: Ledger, path: string, now: Sight): boolean =>
  now !== (host.get(path) ?? null) && !(acknowledged.has(path) && acknowledged.get(path) === now);

export const PROPERTIES: readonly Property[] = [
  NoVanish,
  NoWrongWinner,
  NoLostWrite,
  NoResurrect,
  FailureAtomic,
  SubmountStable,
  OneOverlay,
  SameForAll,
  Settled,
  HostRestored,
];
