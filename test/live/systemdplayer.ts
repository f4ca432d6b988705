/** The model's side of the comparison with a real systemd, in one place. */
import { VERSIONS } from '../../models/systemd/versions.ts';
import type { Field } from '../../src/conform/json.ts';
import type { Verdict } from '../../src/conform/overlay.ts';

/** Plays a systemd vector on the model; null as long as there is nobody who does. */
export const play: ((vector: Field) => Verdict) | null = null;

/** Whether the model has the version that a program says it is of: "257.13". */
export const knows = (version: string): boolean => VERSIONS.some((known) => version.split('.')[0] === known);
