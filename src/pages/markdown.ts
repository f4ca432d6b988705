/** Markdown in the form that all pages share. */

/** Longest line of running text. */
const WIDTH = 120;

/** Running text, wrapped at blanks. Code spans are not broken, as long as they hold no blank. */
export function paragraph(text: string): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    if (line !== '' && line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].join('\n');
}

/** A table. A cell may have any text in one line; a bar in it is escaped. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n');
}

/** A page: its title, and blocks with an empty line between. */
export const page = (title: string, ...blocks: readonly string[]): string =>
  `${[`# ${title}`, ...blocks.filter((block) => block !== '')].join('\n\n')}\n`;

export const code = (text: string): string => `\`${text}\``;

/** "a, b and c". */
export function listed(words: readonly string[]): string {
  const last = words.at(-1) ?? '';
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} and ${last}`;
}

/** Values with the same key, in the order in which the keys came up first. */
export function grouped<T>(values: readonly T[], key: (value: T) => string): readonly (readonly [T, ...T[]])[] {
  const groups = new Map<string, [T, ...T[]]>();
  for (const value of values) {
    const group = groups.get(key(value));
    if (group === undefined) groups.set(key(value), [value]);
    else group.push(value);
  }
  return [...groups.values()];
}
