import { Field } from '../conform/json.ts';
import type { Json } from './systemdops.ts';

/** What a run of systemd-confext or systemd-sysext came to, read off its exit status and its messages. */

export interface Run {
  /** The exit status, or the signal that ended it. */
  readonly exit: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

export function runOf(answer: Field): Run {
  return {
    exit: answer.has('exit') ? answer.get('exit').integer : answer.get('signal').string,
    stdout: answer.get('stdout').string,
    stderr: answer.get('stderr').string,
  };
}

/** Source: strerror(3) of the C library, which "%m" prints. */
const ERRORS: readonly (readonly [text: string, name: string])[] = [
  ['Argument list too long', 'E2BIG'],
  ['Bad message', 'EBADMSG'],
  ['Cannot allocate memory', 'ENOMEM'],
  ['Cross-device link', 'EXDEV'],
  ['Device or resource busy', 'EBUSY'],
  ['Directory not empty', 'ENOTEMPTY'],
  ['File exists', 'EEXIST'],
  ['File name too long', 'ENAMETOOLONG'],
  ['Function not implemented', 'ENOSYS'],
  ['Input/output error', 'EIO'],
  ['Invalid argument', 'EINVAL'],
  ['Invalid cross-device link', 'EXDEV'],
  ['Is a directory', 'EISDIR'],
  ['No data available', 'ENODATA'],
  ['No medium found', 'ENOMEDIUM'],
  ['No space left on device', 'ENOSPC'],
  ['No such device', 'ENODEV'],
  ['No such file or directory', 'ENOENT'],
  ['Not a directory', 'ENOTDIR'],
  ['Numerical result out of range', 'ERANGE'],
  ['Operation not permitted', 'EPERM'],
  ['Operation not supported', 'EOPNOTSUPP'],
  ['Package not installed', 'ENOPKG'],
  ['Permission denied', 'EACCES'],
  ['Read-only file system', 'EROFS'],
  ['Stale file handle', 'ESTALE'],
  ['Structure needs cleaning', 'EUCLEAN'],
  ['Too many levels of symbolic links', 'ELOOP'],
];

/** Messages that say what is wrong in words of their own. Source: sysext.c, the errno that each of them returns. */
const OWN_WORDS: readonly (readonly [message: RegExp, name: string])[] = [
  [/^Mutable directory '.*' has mode .*, ought to have mode /, 'EINVAL'],
  [/ as a lower dir, because it points to the hierarchy itself\.?$/, 'ELOOP'],
  [/ as an upperdir as it is read-only\.?$/, 'EROFS'],
  [
    /^Unable to find a suitable workdir location .* parent directory of the upperdir is in a different filesystem\.?$/,
    'EXDEV',
  ],
  [/^Failed to parse (?:boolean )?argument to --[a-z-]+=: /, 'EINVAL'],
];

/** Nobody stops for these. */
const PASSING = /\bignoring\b/i;

function errnoOf(line: string): string | undefined {
  const own = OWN_WORDS.find(([message]) => message.test(line));
  if (own !== undefined) return own[1];
  return ERRORS.find(([text]) => line.endsWith(`: ${text}`) || line.endsWith(`: ${text}.`))?.[1];
}

/** A message without what differs from case to case. */
const general = (line: string): string =>
  line.replace(/(?<!\w)'[^']*'/g, "'*'").replace(/(?<=^|[\s("=:,])\/[^\s:,"')]+/g, '*');

const all = (lines: readonly string[], message: RegExp): readonly string[] =>
  lines.flatMap((line) => message.exec(line)?.[1] ?? []);

interface Messages {
  readonly using?: readonly string[];
  readonly merged?: readonly string[];
  readonly unmerged?: readonly string[];
  readonly ignored?: number;
}

function messagesOf(lines: readonly string[]): Messages {
  const using = all(lines, /^Using extensions '(.*)'\.$/).flatMap((list) => list.split("', '"));
  const merged = all(lines, /^Merged extensions into '(.*)'\.$/);
  const unmerged = all(lines, /^Unmerged '(.*)'\.$/);
  const ignored = all(lines, /^No suitable extensions found \((\d+) ignored /);
  return {
    ...(using.length > 0 ? { using } : {}),
    ...(merged.length > 0 ? { merged } : {}),
    ...(unmerged.length > 0 ? { unmerged } : {}),
    ...(ignored.length > 0 ? { ignored: Number(ignored[0]) } : {}),
  };
}

/** The message that there is nothing to merge, whatever came of it. */
function nothing(lines: readonly string[]): string | undefined {
  if (lines.some((line) => line.startsWith('No suitable extensions found'))) return 'nothing-suitable';
  return lines.some((line) => line.startsWith('No extensions found')) ? 'nothing-found' : undefined;
}

function failure(lines: readonly string[]): Json {
  const signal = all(lines, /^\(sd-[a-z]+\) terminated by signal ([A-Z]+)\.$/)[0];
  if (signal !== undefined) return { class: `crash:SIG${signal}` };
  if (lines.some((line) => /^Hierarchy '.*' is already merged\.$/.test(line))) return { class: 'already-merged' };
  const wrong = lines.filter((line) => !PASSING.test(line));
  const line = wrong.find((each) => errnoOf(each) !== undefined);
  const detail = line ?? wrong.at(-1) ?? '';
  return { class: `error:${line === undefined ? 'unknown' : errnoOf(line)}`, detail: general(detail) };
}

function success(verb: string, lines: readonly string[], { merged, unmerged, using }: Messages): string {
  if (merged !== undefined) return 'merged';
  if (lines.some((line) => line.startsWith('Skipping extension refresh because no change was found'))) return 'skipped';
  if (verb === 'unmerge') return unmerged === undefined ? 'not-merged' : 'unmerged';
  if (using !== undefined || lines.some((line) => line.endsWith(', proceeding in mutable mode.')))
    return 'nothing-merged';
  return nothing(lines) ?? 'unknown';
}

/** "result" of a verb as the format of vectors has it. */
export function resultOf(verb: string, { exit, stdout, stderr }: Run): Json {
  if (typeof exit === 'string') return { rc: -1, class: `crash:${exit}` };
  const lines = stderr.split('\n').filter((line) => line !== '');
  const messages = messagesOf(lines);
  if (exit === 0 && verb === 'status') return { rc: 0, ...messages, status: statusOf(stdout), class: 'status' };
  const result = exit === 0 ? { class: success(verb, lines, messages) } : failure(lines);
  // The message of a run that came to something else.
  const none = nothing(lines);
  return { rc: exit, ...messages, ...(none === undefined || none === result['class'] ? {} : { none }), ...result };
}

/** What `status --json=short` prints, which is a list of objects. */
function statusOf(stdout: string): Json {
  const rows = new Field(JSON.parse(stdout), 'status', 1).array;
  return Object.fromEntries(rows.map((row) => [row.get('hierarchy').string, row.get('extensions').value]));
}
