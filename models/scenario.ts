/** What a scenario is: a world, the processes in it, and what is expected of the properties. */
import type { Read } from '../src/kernel/world.ts';
import type { Process } from '../src/program/linux.ts';
import type { Invocation } from './systemd/invocation.ts';
import type { Mode } from './systemd/mutable.ts';
import { MODES } from './systemd/mutable.ts';
import { BEHAVIOURS, RELEASES, VERSIONS, type Version, wordsOf } from './systemd/versions.ts';

/** One knob of a scenario. All values are words, so that an option fits into a token and a shell. */
export interface Option {
  readonly what: string;
  readonly values: readonly string[];
  readonly default: string;
  /** The values that are checked where none is asked for; the default alone where this is left out. */
  readonly usual?: readonly string[];
}
export type Options = Readonly<Record<string, string>>;

export type Verdict = 'holds' | 'violated' | 'undefined' | 'incomplete' | 'vacuous';
/** A property that a scenario judges, and the verdict that its author declares. */
export interface Expectation {
  readonly property: string;
  readonly verdict: Verdict;
}

/** A scenario with its options filled in. */
export interface System {
  readonly world: Read;
  readonly processes: readonly Process[];
  /** Which processes run systemd-confext, and how they invoke it. */
  readonly tools: Readonly<Record<string, Invocation>>;
  readonly hierarchies: readonly string[];
  readonly expectations: readonly Expectation[];
  /** One phrase for the report: "1 extension, /var mounted late". */
  readonly summary: string;
}

export interface Scenario {
  readonly name: string;
  /** One line for `list`. */
  readonly title: string;
  /** Beyond `systemd` and `mutable`, which every scenario has. */
  readonly options: Readonly<Record<string, Option>>;
  readonly build: (choice: Choice) => System;
}

/** The options of one run, all of them answered. */
export interface Choice {
  readonly systemd: Version;
  readonly mutable: Mode;
  readonly options: Options;
  /** Rows of the table of behaviours that differ from those of the version, in words. */
  readonly behaviours: Options;
}

/** A value that an option does not have, or an option that a scenario does not have. The message lists what there is. */
export class UnknownOption extends Error {
  override name = 'UnknownOption';
}

/** The options that every scenario has. */
export const COMMON_OPTIONS: Readonly<Record<'systemd' | 'mutable', Option>> = {
  systemd: { what: 'the version whose behaviours are used', values: VERSIONS, default: '262', usual: RELEASES },
  mutable: { what: 'the mutable mode', values: MODES, default: 'no' },
};

/** All options of a scenario, its own defaults for the common ones first. */
export function optionsOf(scenario: Scenario): Readonly<Record<string, Option>> {
  return { ...COMMON_OPTIONS, ...scenario.options };
}

/** Fills in the defaults and refuses what is not there. A name that is no option may be one of a behaviour. */
export function choose(scenario: Scenario, given: Options): Choice {
  const all = optionsOf(scenario);
  const behaviours = Object.fromEntries(Object.entries(given).filter(([key]) => !Object.hasOwn(all, key)));
  for (const [key, value] of Object.entries(behaviours)) {
    const words = wordsOf(key);
    if (words === undefined) {
      throw new UnknownOption(
        `${scenario.name} has no option "${key}"; it has ${Object.keys(all).join(', ')}; ` +
          `and the behaviours of systemd are ${Object.keys(BEHAVIOURS).join(', ')}`,
      );
    }
    check(scenario, key, value, words);
  }
  const filled: Record<string, string> = {};
  for (const [key, option] of Object.entries(all)) {
    const value = given[key] ?? option.default;
    check(scenario, key, value, option.values);
    filled[key] = value;
  }
  const { systemd, mutable, ...options } = filled;
  const version = VERSIONS.find((known) => known === systemd);
  const mode = MODES.find((known) => known === mutable);
  if (version === undefined || mode === undefined) throw new Error('the common options were checked above');
  return { systemd: version, mutable: mode, options, behaviours };
}

function check(scenario: Scenario, key: string, value: string, values: readonly string[]): void {
  if (!values.includes(value))
    throw new UnknownOption(`${key}=${value} is not known to ${scenario.name}; it knows ${values.join(', ')}`);
}
