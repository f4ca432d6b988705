import { CHAPTERS, type Chapter } from './claims.ts';
import { placeOf } from './machine.ts';
import type { Edit, Rule } from './rule.ts';
import { RULES } from './table.ts';

/** docs/rules.md: claim by claim the rules of the model, where they are, and what notices if one is missing. */

/** Where a rule is: the module's function, and the function of Linux that its comment names. */
export function whereIs(rule: Edit): { readonly name: string; readonly source: string } {
  const { text, start } = placeOf(rule);
  const lines = text.slice(0, start).split('\n');
  const isHead = (line: string): boolean => /^(export )?(async )?(function\*?|const|class) \w+/.test(line);
  const head = lines.findLastIndex(isHead);
  const name = /(?:function\*?|const|class) (\w+)/.exec(lines[head] ?? '')?.[1] ?? '';
  const comment: string[] = [];
  for (let at = head - 1; at >= 0 && /^( \*|\/\*\*|\/\/)/.test(lines[at] ?? ''); at--) comment.unshift(lines[at] ?? '');
  const prose = comment.map((line) => line.replace(/^\s*(\/\*\*|\*\/|\*|\/\/)\s?|\s*\*\/$/g, '')).join(' ');
  const sources = [...prose.matchAll(/\b([a-z_]\w*)\(\)/g)].map((match) => `${match[1]}()`);
  return { name, source: [...new Set(sources)].join(', ') };
}

export const cell = (text: string): string => text.replaceAll('|', '\\|');

function rowOf(rule: Rule): string {
  const { name, source } = whereIs(rule);
  const module = rule.file.replace('src/kernel/', '');
  return `| | ${cell(rule.rule)} | \`${module}\` ${name} | ${source} | ${cell(rule.noticedBy)} |`;
}

function chapterOf({ title, claims }: Chapter): string {
  const rows = claims.flatMap(({ section, claim, leftOut }) => {
    const head = `| **${section}** | **${cell(claim)}** | | | |`;
    if (leftOut !== undefined) return [head, `| | *not modelled: ${leftOut}* | | | |`];
    return [head, ...RULES.filter((rule) => rule.section === section).map(rowOf)];
  });
  return [
    `## ${title}`,
    '| | | in the model | in Linux | without it, the model contradicts |',
    '|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}

const HEAD = `# What the model says about overlayfs and mounts
Generated from \`test/mutants/\` (\`OVERLAYCHECK_WRITE_DOCS=1 npx vitest run test/mutants/mutants.test.ts\` writes it). Each rule can be
switched off by an edit of one line; a recording of Linux 6.18 in \`test/vectors/\` contradicts the model that is left, and
\`npm test\` sees to it. \`npx tsx test/mutants/survey.ts\` tells for every rule how many recordings notice.`;

export function rulesPage(): string {
  const claims = CHAPTERS.flatMap((chapter) => chapter.claims);
  const counts = `${RULES.length} rules, ${claims.length} claims.`;
  return `${[HEAD, counts, ...CHAPTERS.map(chapterOf)].join('\n\n')}\n`;
}
