#!/usr/bin/env node
/** The command line: which verb, which exit code. */
import { realpathSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { check } from './check.ts';
import { conform } from './conform.ts';
import { docs } from './docs.ts';
import { explain } from './explain.ts';
import { explore } from './explore.ts';
import { list } from './list.ts';
import { describeError, EXIT, type Output, UsageError } from './usage.ts';

type Verb = (args: readonly string[], out: Output) => number | Promise<number>;
const VERBS: ReadonlyMap<string, Verb> = new Map(
  Object.entries<Verb>({ check, list, explain, explore, conform, docs }),
);

const HELP = `overlaycheck: does /etc vanish while systemd-confext refreshes it?

  overlaycheck check [SCENARIO]...      explore and judge bundled scenarios (all, if none is named)
  overlaycheck check --root DIR         the same for an unpacked root file system
  overlaycheck list                     scenarios and their options, properties, systemd behaviours
  overlaycheck explain TOKEN            tell one trace step by step, with what each step changed
  overlaycheck explore [SCENARIO|TOKEN] step through it at the terminal
  overlaycheck conform FILE...          run conformance vectors against the model
  overlaycheck docs [--check]           write the pages below docs/, or compare them with the model

options of check:  --systemd VERSION|all  --mutable MODE|all  --property NAME  --set KEY=VALUE
                   --json  --max-states N  --max-seconds N  --max-memory MIB
exit codes:        0 as expected   1 not as expected   2 wrong usage or input   3 a bound was hit
                   4 vacuous`;

/** Runs one command line and gives its exit code. */
export async function main(
  args: readonly string[],
  out: Output = { print: console.log, complain: console.error },
): Promise<number> {
  const [verb, ...rest] = args;
  if (verb === '--help' || verb === '-h' || verb === 'help') {
    out.print(HELP);
    return EXIT.expected;
  }
  try {
    const known = `the verbs are ${[...VERBS.keys()].join(', ')}`;
    if (verb === undefined) throw new UsageError(`a verb is missing; ${known}, and --help tells more`);
    const run = VERBS.get(verb);
    if (run === undefined) throw new UsageError(`unknown verb "${verb}"; ${known}`);
    return await run(rest, out);
  } catch (error) {
    const line = describeError(error);
    if (line === undefined) throw error;
    out.complain(`overlaycheck: ${line}`);
    return EXIT.usage;
  }
}

const [, script] = process.argv;
if (script !== undefined && pathToFileURL(realpathSync(script)).href === import.meta.url) {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(); // the reader has seen enough: `overlaycheck … | head`
  });
  process.exitCode = await main(process.argv.slice(2));
}
