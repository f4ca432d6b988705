/** The recordings of the real systemd that pages name as proof. A page never names one that says otherwise. */
import type { Outcome } from '../../models/systemd/outcome.ts';
import type { Version } from '../../models/systemd/versions.ts';
import type { Field } from '../conform/json.ts';

/** One recording: what was done, and what came of it. */
export interface Recorded {
  readonly name: string;
  readonly version: string;
  readonly vector: Field;
}

/** All recordings by name and version. */
export class Recordings {
  readonly #all = new Map<string, Recorded>();

  constructor(vectors: readonly Field[]) {
    for (const vector of vectors) {
      const name = vector.get('name').string;
      const version = vector.get('systemd').string.split('.')[0] ?? '';
      this.#all.set(`${name} ${version}`, { name, version, vector });
    }
  }

  get all(): readonly Recorded[] {
    return [...this.#all.values()];
  }

  find(name: string, version: Version): Recorded | undefined {
    return this.#all.get(`${name} ${version}`);
  }
}

/** Wrong proof: the page would claim what the recording does not say. Thrown, for then the page is wrong. */
export function mustAgree(recorded: Recorded, what: string, page: unknown, seen: unknown): void {
  if (JSON.stringify(page) !== JSON.stringify(seen))
    throw new Error(
      `${recorded.name} (systemd ${recorded.version}), ${what}: the page says ${JSON.stringify(page)}, ` +
        `the recording ${JSON.stringify(seen)}`,
    );
}

/** The class of a recorded step's result, as an {@link Outcome} has it. */
export const classOf = ({ vector }: Recorded, step: number): Outcome['class'] | string =>
  vector.get('steps').array[step]?.get('result').get('class').string ?? 'no such step';

/** What shows a row: the recording, where one of the row's versions was recorded, else the function that decides. */
export function shownBy(
  recordings: Recordings,
  { seen, source }: { readonly seen?: readonly [name: string, step: number]; readonly source: string },
  versions: readonly Version[],
): string {
  const isRecorded = seen !== undefined && versions.some((version) => recordings.find(seen[0], version) !== undefined);
  return isRecorded ? `\`${seen[0]}\`` : `\`${source}\``;
}
