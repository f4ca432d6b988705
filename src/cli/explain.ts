import { judge } from '../../properties/judge.ts';
import { breaksOf, tell } from '../report/check.ts';
import { WIDTH, wholeStory, wrap } from '../report/story.ts';
import { choiceOf, decodeToken, verify } from '../report/token.ts';
import { follow } from '../report/walk.ts';
import { EXIT, type Output, options, scenarioNamed, UsageError } from './usage.ts';

/** `explain TOKEN`: one trace, whole: a column per process, and what each step changed. */
export function explain(args: readonly string[], out: Output): number {
  const { values, positionals } = options(args, { json: { type: 'boolean' } });
  const [text, ...more] = positionals;
  if (text === undefined || more.length > 0) throw new UsageError('explain takes one token, as check prints it');
  const token = decodeToken(text);
  const scenario = scenarioNamed(token.scenario);
  const choice = choiceOf(token, scenario);
  const system = scenario.build(choice);
  const judged = judge(system);
  const run = verify(token, follow(judged, token.forks));
  const trace = tell({
    scenario,
    choice,
    system,
    judged,
    run,
    property: null,
    subject: null,
    damage: null,
    breaks: breaksOf(system, judged, run),
  });
  if (values.json === true) {
    out.print(JSON.stringify(trace));
    return EXIT.expected;
  }
  const about = [
    `${scenario.name}: ${scenario.title}`,
    `systemd ${choice.systemd}, mutable=${choice.mutable}, ${system.summary}`,
  ];
  for (const line of about.flatMap((text) => wrap(text, WIDTH))) out.print(line);
  out.print('');
  for (const line of wholeStory(trace)) out.print(line);
  return EXIT.expected;
}
