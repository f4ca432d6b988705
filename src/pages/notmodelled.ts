/** The page docs/not-modelled.md: the table of ARCHITECTURE.md, which is its only source. */
import { page, paragraph } from './markdown.ts';

const TITLE = '## Not modelled';

/** The page as Markdown. Throws an Error where ARCHITECTURE.md has no such table. */
export function notModelledPage(architecture: string): string {
  const [, section = ''] = architecture.split(`${TITLE}\n`);
  const rows =
    section
      .split(/\n## /)[0]
      ?.split('\n')
      .filter((line) => line.startsWith('|')) ?? [];
  if (rows.length < 3) throw new Error(`ARCHITECTURE.md has no table below "${TITLE}"`);
  return page(
    'What is not modelled',
    paragraph(`What the model leaves out, and what happens instead: it is refused with a message, reported as \`undefined\`, or has
      no effect on any result. Nothing that is not listed here is left out knowingly. The table is that of
      [ARCHITECTURE.md](../ARCHITECTURE.md#not-modelled).`),
    rows.join('\n'),
  );
}
