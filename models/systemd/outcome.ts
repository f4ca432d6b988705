/**
 * What a verb tells its caller: the exit status, and the messages on the way as far as they say what was done. The shape is
 * that of the recordings in `test/vectors/systemd/`.
 */
import { sortVersions } from '../../src/input/version.ts';

/**
 * `merged`: something was merged. `skipped`: a refresh found no change. `nothing-found`, `nothing-suitable`: no image, or only
 * incompatible ones (`unmerged` tells whether an overlay went away). `nothing-merged`: extensions were accepted, and none
 * has anything for a hierarchy. `not-merged`: there was nothing to unmerge. `crash:`: the helper process was ended by a signal.
 */
export type OutcomeClass =
  | 'merged'
  | 'skipped'
  | 'nothing-found'
  | 'nothing-suitable'
  | 'nothing-merged'
  | 'unmerged'
  | 'not-merged'
  | 'already-merged'
  | 'status'
  | 'list'
  | `error:${string}`
  | `crash:${string}`;

export interface Outcome {
  readonly rc: 0 | 1;
  readonly class: OutcomeClass;
  /** "Using extensions …", in the order of the layers. */
  readonly using?: readonly string[];
  /** The hierarchies that got an overlay; and those that lost one, twice where two were stacked. */
  readonly merged?: readonly string[];
  readonly unmerged?: readonly string[];
  /** How many images did not fit, where none did. */
  readonly ignored?: number;
  /** What a run said that found no extension and went on. */
  readonly none?: 'nothing-found' | 'nothing-suitable';
  readonly status?: Readonly<Record<string, readonly string[] | 'none'>>;
  /** What `list` shows: each extension's name and where it is. */
  readonly list?: readonly (readonly [name: string, path: string])[];
}

/** What a run has said so far. It belongs to one run of a verb, and is filled while that goes on. */
export class Log {
  readonly merged: string[] = [];
  readonly unmerged: string[] = [];
  /** The tool itself, and not a child, changes what is on the hierarchies. */
  mountsItself = false;
  #using: Outcome['using'];
  #ignored: Outcome['ignored'];
  #none: Outcome['none'];

  /** "Using extensions …", or "No extensions found" of a run that goes on without. */
  using(extensions: readonly { readonly printed: string }[]): void {
    const printed = extensions.map((extension) => extension.printed);
    // The printed names are sorted by themselves: an extension that is a link may have quite another one than its own.
    if (printed.length > 0) this.#using = sortVersions(printed, (name) => name);
    else this.#none = 'nothing-found';
  }

  /** "No suitable extensions found (… ignored)" or "No extensions found". */
  gaveUp(images: number): void {
    if (images > 0) this.#ignored = images;
    this.#none = images > 0 ? 'nothing-suitable' : 'nothing-found';
  }

  /** Which of the two it said that found no extension that fits. */
  get nothing(): 'nothing-found' | 'nothing-suitable' {
    return this.#none ?? 'nothing-found';
  }

  /** The outcome with everything that was said. */
  outcome(what: OutcomeClass, more: Pick<Outcome, 'status' | 'list'> = {}): Outcome {
    const failed = /^(error|crash):/.test(what) || what === 'already-merged';
    return {
      rc: failed ? 1 : 0,
      class: what,
      ...(this.#using === undefined ? {} : { using: this.#using }),
      ...(this.merged.length === 0 ? {} : { merged: this.merged }),
      ...(this.unmerged.length === 0 ? {} : { unmerged: this.unmerged }),
      ...(this.#ignored === undefined ? {} : { ignored: this.#ignored }),
      ...(this.#none === undefined || what === this.#none ? {} : { none: this.#none }),
      ...more,
    };
  }
}
