/**
 * Names and texts from a disk, which need not be UTF-8. A byte that is not part of valid UTF-8 becomes the lone
 * surrogate U+DC00 + byte, so that nothing is lost and the rules can tell; for people it is written `\xe9`.
 */

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const SURROGATE = /\p{Surrogate}/gu;

/** The number of bytes of the character at `at`, or 0 where no valid character begins. */
function validLength(bytes: Uint8Array, at: number): number {
  for (let length = 1; length <= 4 && at + length <= bytes.length; length++) {
    try {
      strict.decode(bytes.subarray(at, at + length));
      return length;
    } catch {
      // Either it needs more bytes or it is not a character at all: the loop decides.
    }
  }
  return 0;
}

/** The text of some bytes, whatever they are. */
export function decode(bytes: Uint8Array): string {
  try {
    return strict.decode(bytes);
  } catch {
    return decodeMixed(bytes);
  }
}

function decodeMixed(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; ) {
    const length = validLength(bytes, at);
    text +=
      length === 0 ? String.fromCharCode(0xdc00 + (bytes[at] ?? 0)) : strict.decode(bytes.subarray(at, at + length));
    at += Math.max(length, 1);
  }
  return text;
}

export const hasInvalidBytes = (text: string): boolean => text.search(SURROGATE) >= 0;

/** The text for people and trees: invalid bytes as `\xe9`. Valid text stays as it is, backslashes included. */
export const escapeInvalid = (text: string): string =>
  text.replace(SURROGATE, (c) => `\\x${(c.charCodeAt(0) - 0xdc00).toString(16).padStart(2, '0')}`);
