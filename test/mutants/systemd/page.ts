import { cell, whereIs } from '../page.ts';
import type { SystemdRule } from '../rule.ts';
import { SYSTEMD_CHAPTERS, SYSTEMD_RULES, UNSEEN } from './table.ts';

/** docs/systemd-rules.md: the rules of the model of systemd, where they are, and what notices if one is missing. */

const TOP = 'models/systemd/';

function rowOf(rule: SystemdRule): string {
  const name = rule.within ?? whereIs(rule).name;
  const place = `\`${rule.file.replace(TOP, '')}\` ${name}`;
  return `| ${[rule.rule, place, rule.source, rule.noticedBy].map(cell).join(' | ')} |`;
}

const tableOf = ({ title, rules }: (typeof SYSTEMD_CHAPTERS)[number]): string =>
  [
    `## ${title}`,
    '| | in the model | in systemd | without it, the model contradicts |',
    '|---|---|---|---|',
    ...rules.map(rowOf),
  ].join('\n');

const HEAD = `# What the model says about systemd-sysext and systemd-confext
Generated from \`test/mutants/systemd/\` (\`OVERLAYCHECK_WRITE_DOCS=1 npx vitest run test/mutants/systemd.test.ts\` writes it). Each
rule can be switched off by an edit of the source; a recording of the real systemd 257.13 or 262.1 contradicts the model that is left,
and \`npm test\` sees to it. \`matrix\`, \`random\`, \`hand\` and \`own\` are vectors of \`test/vectors/systemd/\`, which tell what everybody
sees; \`strace\` is a run whose every step is known (\`test/live/traces/\`). \`npx tsx test/mutants/systemd/survey.ts\` tells how many recordings
notice.`;

const unseen = [
  '## What no recording tells',
  '| | in the model | why, and what judges it |',
  '|---|---|---|',
  ...UNSEEN.map(({ what, where, why }) => `| ${[what, where, why].map(cell).join(' | ')} |`),
].join('\n');

export function systemdPage(): string {
  return `${[HEAD, `${SYSTEMD_RULES.length} rules.`, ...SYSTEMD_CHAPTERS.map(tableOf), unseen].join('\n\n')}\n`;
}
