/** Which versions of the model real ones can be held against. */
import { VERSIONS, type Version } from '../../models/systemd/versions.ts';
import type { SystemdRoot } from '../../src/live/systemdroots.ts';

const versionIn = (told: string): Version | undefined => VERSIONS.find((known) => told.split('.')[0] === known);

/** Whether the model has the version that a program says it is of: "257.13". */
export const knows = (told: string): boolean => versionIn(told) !== undefined;

/** The version of the model for a root. */
export function versionOf({ version }: SystemdRoot): Version {
  const known = versionIn(version);
  if (known === undefined) throw new Error(`the model does not know systemd ${version}`);
  return known;
}
