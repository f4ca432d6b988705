/** The recordings of the real systemd that pages name as proof. A page never names one that says otherwise. */
import { systemd, type Version } from '../../models/systemd/versions.ts';
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

/** A recording that shows a row, and the number of the verb in question among its steps. */
export interface Proof {
  readonly recorded: Recorded;
  readonly step: number;
}

/** The class of the result that a recording shows, as an outcome has it. */
export const classOf = ({ recorded, step }: Proof): string =>
  recorded.vector.get('steps').array[step]?.get('result').get('class').string ?? 'no such step';

/** The recording of a case: the one that it names, else one of our own, whose last step it is. */
export function proofOf(
  recordings: Recordings,
  { seen, name }: { readonly seen?: readonly [name: string, step: number]; readonly name: string },
  page: 'skip' | 'failures',
  version: Version,
): Proof | undefined {
  if (seen !== undefined) {
    const recorded = recordings.find(seen[0], version);
    return recorded === undefined ? undefined : { recorded, step: seen[1] };
  }
  const own = recordings.find(`pages/${page}/${name}`, version);
  return own === undefined ? undefined : { recorded: own, step: own.vector.get('steps').array.length - 1 };
}

/**
 * What shows a row: the recording, where one of the row's versions was recorded; else the function that decides, or what is
 * known of a version that is not out.
 */
export function shownBy(
  rows: readonly { readonly version: Version; readonly proof: Proof | undefined }[],
  source: string,
): string {
  const found = rows.map(({ proof }) => proof).find((proof) => proof !== undefined);
  if (found !== undefined) return `\`${found.recorded.name}\``;
  const isProposed = rows.every(({ version }) => systemd(version).fallback === 'detach');
  return isProposed ? 'systemd pull request 43680' : `\`${source}\``;
}
