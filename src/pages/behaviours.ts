/** The page docs/behaviours.md: what differs between versions of systemd, with the source of each row. */
import { ABOUT, BEHAVIOURS, VERSIONS, wordFor } from '../../models/systemd/versions.ts';
import { code, page, paragraph, table } from './markdown.ts';

/** The page as Markdown. */
export function behavioursPage(): string {
  return page(
    'What differs between versions of systemd',
    paragraph(`The programs in \`models/systemd/\` are written once; where versions differ they ask for a row of this table by its
      name, and never for a version. A distribution that backports a change has that row laid over its version. **Source** says
      where the row comes from: a function of systemd's source, a pull request, or what the real binaries (257.13, 262.1) were
      seen to do.`),
    '## Versions',
    table(
      ['version', 'what it is', 'built on'],
      VERSIONS.map((version) => {
        const { what, on } = ABOUT[version];
        return [code(version), what, on === version ? 'a release, judged by its binaries' : on];
      }),
    ),
    '## Behaviours',
    table(
      ['behaviour', 'what it decides', ...VERSIONS, 'source'],
      Object.entries(BEHAVIOURS).map(([name, row]) => [
        code(name),
        row.what,
        ...VERSIONS.map((version) => wordFor(row[version])),
        row.source,
      ]),
    ),
  );
}
