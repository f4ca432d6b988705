import { createInterface, emitKeypressEvents } from 'node:readline';
import { type Choice, choose, type Scenario } from '../../models/scenario.ts';
import { type Explorer, load, open, press, screen } from '../explorer/explorer.ts';
import { checkScenario } from '../report/check.ts';
import { choiceOf, decodeToken, verify } from '../report/token.ts';
import { follow, type Run } from '../report/walk.ts';
import { EXIT, type Output, options, scenarioNamed, settings, UsageError } from './usage.ts';

/** `explore [SCENARIO|TOKEN]`: steps through a scenario at the terminal; without one, keys are read line by line. */
export async function explore(args: readonly string[], out: Output): Promise<number> {
  const { values, positionals } = options(args, {
    systemd: { type: 'string' },
    mutable: { type: 'string' },
    set: { type: 'string', multiple: true },
  });
  const [what = 'flatcar-boot', ...more] = positionals;
  if (more.length > 0) throw new UsageError('explore takes one scenario or one token');
  const given = {
    ...(values.systemd === undefined ? {} : { systemd: values.systemd }),
    ...(values.mutable === undefined ? {} : { mutable: values.mutable }),
    ...settings(values.set ?? []),
  };
  if (process.stderr.isTTY) process.stderr.write('looking for the shortest violation …');
  const explorer = what.includes('@') ? fromToken(what) : fromScenario(scenarioNamed(what), given);
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  return process.stdin.isTTY && process.stdout.isTTY ? atTerminal(explorer) : fromLines(explorer, out);
}

function fromToken(text: string): Explorer {
  const token = decodeToken(text);
  const scenario = scenarioNamed(token.scenario);
  const choice = choiceOf(token, scenario);
  let run: Run | null = null;
  const explorer = open(scenario, choice, (judged) => {
    run = verify(token, follow(judged, token.forks));
    return run;
  });
  return run === null ? explorer : load(explorer, run, 0);
}

function fromScenario(scenario: Scenario, given: Readonly<Record<string, string>>): Explorer {
  const choice = choose(scenario, given);
  return open(scenario, choice, (judged) => shortestViolation(scenario, choice, judged));
}

function shortestViolation(scenario: Scenario, choice: Choice, judged: Parameters<typeof follow>[0]): Run | null {
  const violated = checkScenario(scenario, choice).find((result) => result.token !== null);
  if (violated?.token === undefined || violated.token === null) return null;
  const token = decodeToken(violated.token);
  return follow(judged, token.forks);
}

async function fromLines(first: Explorer, out: Output): Promise<number> {
  const show = (explorer: Explorer): void => {
    for (const line of screen(explorer, 60)) out.print(line);
    out.print('');
  };
  let explorer: Explorer | null = first;
  show(first);
  for await (const line of createInterface({ input: process.stdin })) {
    for (const key of line.trim().split(/\s+/).filter(Boolean)) {
      if (explorer === null) break;
      explorer = press(explorer, key);
      if (explorer !== null) show(explorer);
    }
    if (explorer === null) break;
  }
  return EXIT.expected;
}

async function atTerminal(first: Explorer): Promise<number> {
  const { stdin, stdout } = process;
  emitKeypressEvents(stdin);
  stdin.setRawMode(true);
  stdout.write('\x1b[?1049h');
  const show = (explorer: Explorer): void => {
    stdout.write(`\x1b[H\x1b[2J${screen(explorer, stdout.rows ?? 40).join('\r\n')}`);
  };
  let explorer = first;
  show(explorer);
  await new Promise<void>((done) => {
    const onKey = (text: string | undefined, key: { name?: string; ctrl?: boolean }): void => {
      const name = key.name === 'left' || key.name === 'right' ? key.name : (text ?? '');
      const next = key.ctrl === true && key.name === 'c' ? null : press(explorer, name);
      if (next === null) {
        stdin.off('keypress', onKey);
        done();
        return;
      }
      explorer = next;
      show(explorer);
    };
    stdin.on('keypress', onKey);
    stdout.on('resize', () => show(explorer));
  });
  stdout.write('\x1b[?1049l');
  stdin.setRawMode(false);
  stdin.pause();
  return EXIT.expected;
}
