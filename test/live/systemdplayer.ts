/** The model's side of the comparison with a real systemd, in one place. */
import { VERSIONS } from '../../models/systemd/versions.ts';

export { conformSystemd as play } from '../../src/conform/systemd.ts';

/** Whether the model has the version that a program says it is of: "257.13". */
export const knows = (version: string): boolean => VERSIONS.some((known) => version.split('.')[0] === known);
