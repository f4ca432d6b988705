/**
 * The order of versions and of extension names. Source: systemd strverscmp_improved(), which is the UAPI group's version
 * format specification; checked against what 257.13 and 262.1 print as "Using extensions".
 */

import { byText } from '../kernel/tree.ts';

/** Anything else only separates segments: "123_a" is "123a". */
const IGNORED = /^[^0-9A-Za-z~^.-]+/;
/** Each of these, where only one side has it, makes that side the older one. In the order in which they are looked at. */
const SEPARATORS = ['-', '^', '.'] as const;

const sign = (difference: number): number => (difference > 0 ? 1 : difference < 0 ? -1 : 0);
const leading = (text: string, pattern: RegExp): string => pattern.exec(text)?.[0] ?? '';

/** Numbers compare by value, however long: leading zeros go, then the longer is the larger. None is older than any. */
function compareNumbers(a: string, b: string): number {
  if (a === '' || b === '') return sign(a.length - b.length);
  const [x, y] = [a.replace(/^0+/, ''), b.replace(/^0+/, '')];
  return sign(x.length - y.length) || byText(x, y);
}

/**
 * Below 0 if `a` is older than `b`, above 0 if it is newer. 0 does not mean that the two are the same text: "a1" and
 * "a_01" are one version. `~` is older than the end of the text, everything else is newer than the end.
 */
export function compareVersions(a: string, b: string): number {
  let [x, y] = [a, b];
  for (;;) {
    [x, y] = [x.replace(IGNORED, ''), y.replace(IGNORED, '')];
    if (x.startsWith('~') || y.startsWith('~')) {
      if (!x.startsWith('~')) return 1;
      if (!y.startsWith('~')) return -1;
      [x, y] = [x.slice(1), y.slice(1)];
    }
    if (x === '' || y === '') return sign(x.length - y.length);
    for (const separator of SEPARATORS) {
      if (!x.startsWith(separator) && !y.startsWith(separator)) continue;
      if (!x.startsWith(separator)) return 1;
      if (!y.startsWith(separator)) return -1;
      [x, y] = [x.slice(1), y.slice(1)];
    }
    const numeric = /^[0-9]/.test(x) || /^[0-9]/.test(y);
    const segment = numeric ? /^[0-9]*/ : /^[A-Za-z]*/;
    const [p, q] = [leading(x, segment), leading(y, segment)];
    const order = numeric ? compareNumbers(p, q) : byText(p, q);
    if (order !== 0) return order;
    [x, y] = [x.slice(p.length), y.slice(q.length)];
  }
}

/**
 * Names from the lowest layer to the topmost. Names that are one version ("a1", "a_1") come in an order that systemd
 * takes from a hash table with a random seed; here it is the order of their text, and {@link tied} tells which they are.
 * Not modelled: "~é" against "~", where systemd's answer depends on whether the machine's `char` is signed.
 */
export function sortVersions<T>(items: readonly T[], nameOf: (item: T) => string): readonly T[] {
  return [...items].sort((a, b) => compareVersions(nameOf(a), nameOf(b)) || byText(nameOf(a), nameOf(b)));
}

/** Neighbours in a sorted list of distinct names that systemd may put either way. */
export function tied(sorted: readonly string[]): readonly (readonly [string, string])[] {
  return sorted.flatMap((name, index) => {
    const next = sorted[index + 1];
    return next !== undefined && compareVersions(name, next) === 0 ? [[name, next] as const] : [];
  });
}
