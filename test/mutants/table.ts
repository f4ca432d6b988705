import { CALLS } from './calls.ts';
import { LOOKUP } from './lookup.ts';
import { MOUNTS } from './mounts.ts';
import { PERMISSION } from './permission.ts';
import { PLANNING } from './plans.ts';
import { RENAME } from './rename.ts';
import type { Rule } from './rule.ts';
import { WRITE } from './write.ts';

/** Every rule that can be switched off. */
export const RULES: readonly Rule[] = [...LOOKUP, ...WRITE, ...RENAME, ...CALLS, ...PERMISSION, ...PLANNING, ...MOUNTS];
