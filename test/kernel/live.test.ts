import { describe, expect, it } from 'vitest';
import type { Call } from '../../src/kernel/calls.ts';
import { shrink } from '../../src/kernel/marks.ts';
import { parseTree } from '../../src/kernel/notation.ts';
import { failed } from '../../src/kernel/types.ts';
import { Draft } from '../../src/kernel/world.ts';
import { Bench } from './bench.ts';

/**
 * Edits of layers behind a live overlay on /mnt. Every line of every table was seen on Linux 6.18, on tmpfs and on ext4:
 * the first answer at once, the second after the overlay's unused dentries had been dropped.
 */

const DISK = `
l0/
  d/
    m/
      z "z"
    t "t0"
    w whiteout
l1/
  d/
    b "b1"
    f "f"
    g "g"
    i/
      low "low"
    m/
      y "y"
    s/
      x "x"
    t "t1"
    w "w1"
upper/
  d/
    b "bu"
    i/
      up "up"
    k/
      x "kx"
    u "u"
    v whiteout
out/
  D/
    in "in"
  F "F"
mnt/
two/
work/
`;

function bench(disk = DISK): Bench {
  const made = new Bench({ ...parseTree(disk.trim()), type: 'tmpfs' });
  const mounted = made.overlay({ lowers: ['l0', 'l1'], upper: 'upper' });
  if (failed(mounted)) throw new Error(`the overlay is refused: ${mounted.err}`);
  return made;
}

/** "write /mnt/d/f text" as a call. */
function callOf(line: string): Call {
  const [op = '', a = '', b = ''] = line.split(' ');
  switch (op) {
    case 'rename':
      return { op, from: a, to: b };
    case 'exchange':
      return { op: 'rename', from: a, to: b, flags: ['EXCHANGE'] };
    case 'link':
      return { op, from: a, to: b };
    case 'write':
      return { op, path: a, data: b, mode: 0o644 };
    case 'append':
      return { op: 'write', path: a, data: b, flags: ['O_WRONLY', 'O_APPEND'] };
    case 'create':
      return { op: 'mknod', path: a, type: 'file', mode: 0o644 };
    case 'whiteout':
      return { op: 'mknod', path: a, type: 'chr', mode: 0, rdev: [0, 0] };
    case 'opaque':
      return { op: 'setxattr', path: a, name: 'trusted.overlay.opaque', value: 'y' };
    case 'mkdir':
      return { op, path: a, mode: 0o755 };
    case 'chmod':
      return { op, path: a, mode: Number.parseInt(b, 8) };
    case 'open':
      return { op, path: a, flags: ['O_RDONLY'], fd: b };
    case 'fdread':
    case 'fdreaddir':
    case 'fdstat':
    case 'fdclose':
      return { op, fd: a };
    case 'lstat':
    case 'read':
    case 'readdir':
    case 'unlink':
    case 'rmdir':
    case 'removeTree':
    case 'chdir':
    case 'exec':
      return { op, path: a };
    default:
      throw new Error(`"${line}" is no line of these tests`);
  }
}

const calls = (lines: string): readonly Call[] => (lines === '' ? [] : lines.split(', ').map(callOf));

interface Answers {
  readonly answers: readonly string[];
  readonly why: string | undefined;
}

/** What a call may give: contents, names, "dir 2" (links), "ok", an errno. All outcomes are undefined, or none is. */
function answers(of: Bench, line: string): Answers {
  const outcomes = of.outcomes(callOf(line));
  const reasons = new Set(outcomes.map(({ undefined: why }) => why));
  expect(reasons.size).toBe(1);
  return { answers: outcomes.map(({ result }) => textOf(result)), why: [...reasons][0] };
}

function textOf(result: ReturnType<Bench['call']>): string {
  if ('err' in result) return result.err;
  const value = result.ok;
  if (value === null) return 'ok';
  if (typeof value !== 'object') return String(value);
  if ('type' in value) return `${value.type} ${value.nlink}`;
  if ('uid' in value) return 'ok';
  return Array.isArray(value) ? value.map((entry) => (Array.isArray(entry) ? entry[0] : entry)).join(' ') : '';
}

/** Looks up the names that a call is about, without listing anything. */
const lookups = (line: string): readonly Call[] =>
  line
    .split(' ')
    .filter((word) => word.startsWith('/mnt/'))
    .map((path) => ({ op: 'lstat', path }));

/** Calls that may fail. */
function look(of: Bench, made: readonly Call[]): Bench {
  for (const call of made) of.call(call);
  return of;
}

describe('a name that was looked up keeps what was found until its dentry is dropped', () => {
  it.each<[edit: string, use: string, kept: string, fresh: string]>([
    // what is added
    ['write /l0/d/n new', 'read /mnt/d/n', 'ENOENT', 'new'],
    ['write /l1/d/n new', 'read /mnt/d/n', 'ENOENT', 'new'],
    ['write /upper/d/n new', 'read /mnt/d/n', 'ENOENT', 'new'],
    ['mkdir /l1/d/n', 'readdir /mnt/d/n', 'ENOENT', ''],
    ['unlink /l0/d/w', 'read /mnt/d/w', 'ENOENT', 'w1'],
    ['write /l1/d/s/n new', 'read /mnt/d/s/n', 'ENOENT', 'new'],
    // what goes
    ['unlink /l1/d/f', 'read /mnt/d/f', 'f', 'ENOENT'],
    ['unlink /l1/d/f', 'lstat /mnt/d/f', 'file 0', 'ENOENT'],
    ['unlink /upper/d/u', 'read /mnt/d/u', 'u', 'ENOENT'],
    ['whiteout /l0/d/f', 'read /mnt/d/f', 'f', 'ENOENT'],
    ['whiteout /upper/d/f', 'read /mnt/d/f', 'f', 'ENOENT'],
    ['rename /l1/d/f /l1/d/ff', 'read /mnt/d/f', 'f', 'ENOENT'],
    ['rename /l1/d/f /l1/d/ff', 'read /mnt/d/ff', 'ENOENT', 'f'],
    ['removeTree /l1/d/s', 'readdir /mnt/d/s', 'ENOENT', 'ENOENT'],
    ['rename /l1/d/s /l1/d/s2', 'readdir /mnt/d/s', 'x', 'ENOENT'],
    ['rename /l1/d/s /l1/d/s2', 'readdir /mnt/d/s2', 'ENOENT', 'x'],
    ['rename /l1/d/s /l1/d/s2, write /l1/d/s2/x new', 'read /mnt/d/s/x', 'new', 'ENOENT'],
    // what becomes another
    ['rename /out/F /l1/d/f', 'read /mnt/d/f', 'f', 'F'],
    ['write /l0/d/f above', 'read /mnt/d/f', 'f', 'above'],
    ['unlink /l0/d/t', 'read /mnt/d/t', 't0', 't1'],
    ['unlink /upper/d/b', 'read /mnt/d/b', 'bu', 'b1'],
    ['unlink /l1/d/f, mkdir /l1/d/f', 'readdir /mnt/d/f', 'ENOTDIR', ''],
    ['rename /l1/d/s /out/s, rename /out/D /l1/d/s', 'readdir /mnt/d/s', 'x', 'in'],
    // directories that are merged otherwise
    ['mkdir /l0/d/s', 'lstat /mnt/d/s', 'dir 2', 'dir 1'],
    ['mkdir /l0/d/s, write /l0/d/s/n new', 'readdir /mnt/d/s', 'x', 'n x'],
    ['removeTree /l1/d/m', 'readdir /mnt/d/m', 'ENOENT', 'z'],
    ['removeTree /upper/d/i', 'readdir /mnt/d/i', 'ENOENT', 'low'],
    ['opaque /l0/d/m', 'readdir /mnt/d/m', 'y z', 'z'],
    ['rename /l1/d /l1/e', 'readdir /mnt/e', 'ENOENT', 'b f g i m s t w'],
  ])('after %s: %s gives "%s", or anew "%s"', (edit, use, kept, fresh) => {
    const plain = bench().run(...calls(edit));
    expect(answers(plain, use)).toEqual({ answers: [fresh], why: undefined });

    const live = look(bench(), lookups(use)).run(...calls(edit));
    const { answers: both, why } = answers(live, use);
    expect(both).toEqual([kept, fresh]);
    expect(why).toMatch(/was (added|removed|changed) in a layer below the live overlay t\.0/);
  });

  it.each<[edit: string, use: string, answer: string]>([
    ['write /l1/d/f new', 'read /mnt/d/f', 'new'],
    ['append /l1/d/f +', 'read /mnt/d/f', 'f+'],
    ['write /upper/d/u new', 'read /mnt/d/u', 'new'],
  ])('%s changes the very object: %s gives %s, which is not promised either', (edit, use, answer) => {
    const live = look(bench(), lookups(use)).run(...calls(edit));
    expect(answers(live, use).answers).toEqual([answer]);
    expect(answers(live, use).why).toContain('was changed');
    expect(answers(bench().run(...calls(edit)), use)).toEqual({ answers: [answer], why: undefined });
  });

  it.each<[edit: string, before: string, use: string]>([
    ['write /l1/d/n new', 'lstat /mnt/d/n', 'read /mnt/d/g'],
    ['write /l1/d/n new', 'lstat /mnt/d/n', 'readdir /mnt'],
    ['write /l1/d/f new', 'lstat /mnt/d/f', 'readdir /mnt/d'],
    ['write /l1/d/t new', 'lstat /mnt/d/t', 'read /mnt/d/t'],
    ['unlink /l1/d/w', 'lstat /mnt/d/w', 'lstat /mnt/d/w'],
    ['chmod /l1/d/m 0700', 'lstat /mnt/d/m', 'lstat /mnt/d/m'],
    ['write /l1/d/n new', 'lstat /mnt/d, readdir /mnt/d', 'read /mnt/d/n'],
    ['write /l1/d/n new, unlink /l1/d/n', 'lstat /mnt/d/n', 'lstat /mnt/d/n'],
    ['rename /l1/d/f /l1/d/ff, rename /l1/d/ff /l1/d/f', 'lstat /mnt/d/f', 'read /mnt/d/f'],
  ])('after %s and %s, %s is as ever', (edit, before, use) => {
    expect(answers(look(bench(), calls(before)).run(...calls(edit)), use).why).toBeUndefined();
  });
});

describe('permission is judged by the attributes that were found, and looking shows those that are there', () => {
  it.each<[edit: string, who: 't' | 'user', use: string, kept: string, fresh: string]>([
    ['chmod /l1/d/f 0600', 'user', 'read /mnt/d/f', 'f', 'EACCES'],
    ['chmod /l1/d/s 0700', 'user', 'read /mnt/d/s/x', 'x', 'EACCES'],
    ['chmod /l1/d/f 0755', 't', 'exec /mnt/d/f', 'EACCES', 'ok'],
    ['chmod /l1/d/f 0600', 't', 'lstat /mnt/d/f', 'file 1', 'file 1'],
  ])('after %s, %s: %s gives %s, or anew %s', (edit, who, use, kept, fresh) => {
    const live = look(bench(), lookups(use)).run(...calls(edit));
    const outcomes = live.outcomes(callOf(use), who);
    expect(outcomes.map(({ result }) => textOf(result))).toEqual([kept, fresh]);
    expect(outcomes.map(({ undefined: why }) => why)).not.toContain(undefined);
    const plain = bench()
      .run(...calls(edit))
      .outcomes(callOf(use), who);
    expect(plain.map(({ result }) => textOf(result))).toEqual([fresh]);
  });

  it.each<[edit: string, own: string, answer: string]>([
    ['chmod /l1/d/f 0600', 'append /mnt/d/f +', 'EACCES'],
    ['chmod /l1/d/f 0600', 'rename /mnt/d/f /mnt/d/n, rename /mnt/d/n /mnt/d/f', 'EACCES'],
    ['chmod /l1/d/f 0600', 'link /mnt/d/f /mnt/d/n', 'f'],
    ['chmod /l1/d/f 0600', 'read /mnt/d/f', 'f'],
  ])('after %s and %s, a user gets "%s" at once', (edit, own, answer) => {
    const live = look(bench(), calls('lstat /mnt/d/f')).run(...calls(edit), ...calls(own));
    expect(textOf(live.call(callOf('read /mnt/d/f'), 'user'))).toBe(answer);
  });

  it('an object that may not be executed is not, whatever was found', () => {
    const live = bench().run(...calls('chmod /l1/d/f 0755, lstat /mnt/d/f, chmod /l1/d/f 0644'));
    expect(answers(live, 'exec /mnt/d/f').answers).toEqual(['EACCES', 'EACCES']);
  });
});

describe('a dentry in use is not dropped', () => {
  it.each<[before: string, edit: string, use: string, answer: string]>([
    ['open /mnt/d/f x', 'unlink /l1/d/f', 'read /mnt/d/f', 'f'],
    ['open /mnt/d/f x', 'unlink /l1/d/f', 'fdread x', 'f'],
    ['open /mnt/d/f x', 'rename /out/F /l1/d/f', 'fdread x', 'f'],
    ['chdir /mnt/d/s', 'removeTree /l1/d/s', 'readdir /mnt/d/s', 'ENOENT'],
    ['chdir /mnt/d/s', 'removeTree /l1/d/s', 'readdir .', 'ENOENT'],
    ['open /mnt/d/s/x x', 'rename /l1/d/s /l1/d/s2', 'readdir /mnt/d/s', 'x'],
  ])('%s, %s: %s gives "%s" only', (before, edit, use, answer) => {
    const live = bench().run(...calls(before), ...calls(edit));
    expect(answers(live, use).answers).toEqual([answer]);
    expect(answers(live, use).why).toBeDefined();
  });

  it('all others are, when memory is short', () => {
    const live = bench().run(...calls('lstat /mnt/d/f, open /mnt/d/u x, unlink /l1/d/f, unlink /upper/d/u'));
    const draft = new Draft(live.world, true);
    shrink(draft, 't.0');
    live.world = live.world.with(draft.writes);
    expect(answers(live, 'read /mnt/d/f')).toEqual({ answers: ['ENOENT'], why: undefined });
    expect(answers(live, 'read /mnt/d/u').answers).toEqual(['u']);
  });

  it('an unlink through the overlay forgets the name', () => {
    const live = bench().run(...calls('unlink /mnt/d/f, unlink /upper/d/f'));
    expect(answers(live, 'read /mnt/d/f')).toEqual({ answers: ['f'], why: undefined });
  });

  it('whoever looked anew knows what is there now', () => {
    const live = look(bench(), calls('lstat /mnt/d/n')).run(...calls('write /l1/d/n new'));
    const [, anew] = live.outcomes(callOf('read /mnt/d/n'));
    live.world = live.world.with(anew?.writes ?? []);
    expect(answers(live, 'read /mnt/d/n')).toEqual({ answers: ['new'], why: undefined });
  });
});

describe('what is done through a dentry that is out of date', () => {
  it.each<[edit: string, use: string, kept: string, fresh: string]>([
    // Nobody else's object in upper is overwritten.
    ['write /upper/d/n new', 'create /mnt/d/n', 'ESTALE', 'EEXIST'],
    ['write /upper/d/n new', 'write /mnt/d/n x', 'ESTALE', 'ok'],
    ['write /upper/d/n new', 'rename /mnt/d/g /mnt/d/n', 'ESTALE', 'ok'],
    ['whiteout /upper/d/n', 'mkdir /mnt/d/n', 'ESTALE', 'ok'],
    ['unlink /upper/d/v, create /upper/d/v', 'create /mnt/d/v', 'ESTALE', 'EEXIST'],
    ['unlink /upper/d/v', 'create /mnt/d/v', 'ESTALE', 'ok'],
    ['unlink /upper/d/v', 'rename /mnt/d/g /mnt/d/v', 'ESTALE', 'ok'],
    ['unlink /upper/d/v', 'rename /mnt/d/u /mnt/d/v', 'ok', 'ok'],
    ['unlink /upper/d/u', 'unlink /mnt/d/u', 'ESTALE', 'ENOENT'],
    ['rename /out/F /upper/d/u', 'unlink /mnt/d/u', 'ESTALE', 'ok'],
    ['rename /out/F /upper/d/u', 'rename /mnt/d/u /mnt/d/n', 'ESTALE', 'ok'],
    ['removeTree /upper/d/k', 'rmdir /mnt/d/k', 'ESTALE', 'ENOENT'],
    ['write /upper/d/f new', 'append /mnt/d/f +', 'EEXIST', 'ok'],
    ['write /upper/d/f new', 'chmod /mnt/d/f 0600', 'EEXIST', 'ok'],
    ['mkdir /upper/d/s, create /upper/d/s/n', 'chmod /mnt/d/s 0700', 'ENOTEMPTY', 'ok'],
    ['create /upper/d/s', 'chmod /mnt/d/s 0700', 'ENOTDIR', 'ok'],
    // Elsewhere it goes on with what it has.
    ['write /l1/d/n new', 'create /mnt/d/n', 'ok', 'EEXIST'],
    ['unlink /l1/d/f', 'append /mnt/d/f +', 'ok', 'ENOENT'],
    ['unlink /l1/d/f', 'rename /mnt/d/f /mnt/d/n', 'ok', 'ENOENT'],
    ['unlink /l1/d/f', 'create /mnt/d/f', 'EEXIST', 'ok'],
    ['unlink /upper/d/u', 'append /mnt/d/u +', 'ok', 'ENOENT'],
    ['unlink /upper/d/u', 'link /mnt/d/u /mnt/d/n', 'ENOENT', 'ENOENT'],
    ['removeTree /l1/d/s', 'mkdir /mnt/d/s/n', 'ok', 'ENOENT'],
    ['removeTree /upper/d/i', 'mkdir /mnt/d/i/n', 'ENOENT', 'ok'],
    ['removeTree /l1/d/m', 'rmdir /mnt/d/m', 'ENOENT', 'ENOTEMPTY'],
  ])('after %s: %s gives %s, or anew %s', (edit, use, kept, fresh) => {
    const live = look(bench(), lookups(use)).run(...calls(edit));
    expect(answers(live, use).answers).toEqual([kept, fresh]);
    expect(answers(live, use).why).toBeDefined();
  });

  it.each<[edit: string, use: string, upper: string]>([
    ['unlink /l1/d/f', 'append /mnt/d/f +', 'f "f+"'],
    ['rename /out/F /l1/d/f', 'rename /mnt/d/f /mnt/d/n', 'f whiteout'],
    ['rename /out/F /l1/d/f', 'rename /mnt/d/f /mnt/d/n', 'n "f"'],
    ['rename /upper/d/u /upper/d/u2', 'append /mnt/d/u +', 'u2 "u+"'],
    ['rename /upper/d/k /upper/d/k2', 'write /mnt/d/k/n n', 'k2/'],
    ['unlink /l1/d/f', 'unlink /mnt/d/f', 'f whiteout'],
  ])('after %s, %s leaves %s in upper', (edit, use, upper) => {
    const live = look(bench(), lookups(use)).run(...calls(edit), callOf(use));
    expect(live.drawn('/upper').replaceAll(' trusted.overlay.origin=""', '')).toContain(upper);
  });

  it('it is out of date no more once the overlay has made the object itself', () => {
    const live = look(bench(), calls('lstat /mnt/d/n, lstat /mnt/d/f')).run(
      ...calls('write /l1/d/n new, unlink /l1/d/f, write /mnt/d/n own, append /mnt/d/f +'),
    );
    expect(answers(live, 'read /mnt/d/n')).toEqual({ answers: ['own'], why: undefined });
    expect(answers(live, 'read /mnt/d/f')).toEqual({ answers: ['f+'], why: undefined });
  });

  it('looking up where a directory went takes its old name away', () => {
    const live = look(bench(), calls('lstat /mnt/d/s/x')).run(...calls('rename /l1/d/s /l1/d/s2, lstat /mnt/d/s2'));
    expect(live.last?.undefined).toBeDefined();
    expect(answers(live, 'lstat /mnt/d/s')).toEqual({ answers: ['ENOENT'], why: undefined });
  });
});

describe('a listing', () => {
  it.each<[before: string, edit: string, use: string, given: readonly string[]]>([
    ['lstat /mnt/d/s/n', 'create /l1/d/s/n', 'readdir /mnt/d/s', ['n x']],
    ['lstat /mnt/d/s/x', 'unlink /l1/d/s/x', 'readdir /mnt/d/s', ['']],
    // Where readdir looks up the names of upper, it leaves out what was not found before. The model does not know where.
    ['lstat /mnt/d/k/n', 'create /upper/d/k/n', 'readdir /mnt/d/k', ['n x', 'x']],
  ])('after %s and %s, %s', (before, edit, use, given) => {
    const live = look(bench(), calls(before)).run(...calls(edit));
    expect(answers(live, use).answers).toEqual(given);
    expect(answers(live, use).why).toContain('below the live overlay');
  });

  it('of a merged directory that somebody has open and has read is the same for all until the overlay changes it', () => {
    const live = bench().run(...calls('open /mnt/d/m x, fdreaddir x, create /l1/d/m/n'));
    for (const line of ['fdreaddir x', 'readdir /mnt/d/m'])
      expect(answers(live, line)).toEqual({ answers: ['y z', 'n y z'], why: expect.stringContaining('is open') });
    live.run(callOf('create /mnt/d/m/own'));
    expect(answers(live, 'fdreaddir x')).toEqual({ answers: ['n own y z'], why: undefined });
  });

  it('is read anew when it is closed, and when the directory is in one layer only', () => {
    const closed = bench().run(...calls('open /mnt/d/m x, fdreaddir x, create /l1/d/m/n, fdclose x'));
    expect(answers(closed, 'readdir /mnt/d/m')).toEqual({ answers: ['n y z'], why: undefined });
    const single = bench().run(...calls('open /mnt/d/s x, fdreaddir x, create /l1/d/s/n'));
    expect(answers(single, 'fdreaddir x')).toEqual({ answers: ['n x'], why: undefined });
  });
});

describe('an edit that is no surprise', () => {
  it.each(['write /mnt/d/f x', 'unlink /mnt/d/f', 'rename /mnt/d/f /mnt/d/n', 'write /mnt/d/n x', 'mkdir /mnt/d/n'])(
    '%s is made by the overlay itself',
    (line) => {
      const live = look(bench(), calls('lstat /mnt/d/f, lstat /mnt/d/n, readdir /mnt/d')).run(callOf(line));
      for (const use of ['lstat /mnt/d/f', 'lstat /mnt/d/n', 'readdir /mnt/d'])
        expect(answers(live, use).why).toBeUndefined();
    },
  );

  it("systemd's marker directory is written into its layer when the overlay is mounted, and may be looked up before", () => {
    const live = new Bench('meta/\nhost/\n  f "x"\nmnt/');
    live.overlay({ lowers: ['meta', 'host'] });
    look(live, calls('lstat /mnt/.systemd-confext')).run(
      ...calls('mkdir /meta/.systemd-confext, write /meta/.systemd-confext/dev 1:2'),
    );
    expect(answers(live, 'read /mnt/.systemd-confext/dev')).toEqual({ answers: ['1:2'], why: undefined });
  });
});

describe('two overlays over one upper directory', () => {
  /** The second on /two, with a work directory of its own. */
  function pair(): Bench {
    const layer = (path: string) => ({ path, name: path });
    return bench().run({
      op: 'mount-overlay',
      path: '/two',
      source: 'two',
      lowers: [layer('/l0'), layer('/l1')],
      upper: layer('/upper'),
      work: layer('/out'),
    });
  }

  it.each<[edit: string, use: string, kept: string, fresh: string]>([
    ['write /two/d/n new', 'read /mnt/d/n', 'ENOENT', 'new'],
    ['unlink /two/d/f', 'read /mnt/d/f', 'f', 'ENOENT'],
    ['append /two/d/f +', 'read /mnt/d/f', 'f', 'f+'],
    ['rename /two/d/f /two/d/n', 'read /mnt/d/f', 'f', 'ENOENT'],
    ['unlink /two/d/u', 'unlink /mnt/d/u', 'ESTALE', 'ENOENT'],
    ['append /two/d/f +', 'append /mnt/d/f +', 'EEXIST', 'ok'],
  ])('after %s: %s gives %s, or anew %s', (edit, use, kept, fresh) => {
    const live = look(pair(), lookups(use)).run(...calls(edit));
    expect(answers(live, use).answers).toEqual([kept, fresh]);
    expect(answers(live, use).why).toContain('below the live overlay t.0');
    const plain = pair().run(...calls(edit));
    expect(answers(plain, use)).toEqual({ answers: [fresh], why: undefined });
  });

  it('the one that makes the edit knows', () => {
    const live = look(pair(), calls('lstat /two/d/n, lstat /mnt/d/n')).run(callOf('write /two/d/n new'));
    expect(answers(live, 'read /two/d/n')).toEqual({ answers: ['new'], why: undefined });
  });
});

describe('an overlay on an overlay', () => {
  function tower(): Bench {
    const layer = (path: string) => ({ path, name: path });
    return bench().run({ op: 'mount-overlay', path: '/two', source: 'two', lowers: [layer('/mnt'), layer('/out')] });
  }

  it.each<[edit: string, use: string, kept: string, fresh: string]>([
    ['write /mnt/d/n new', 'read /two/d/n', 'ENOENT', 'new'],
    ['unlink /mnt/d/f', 'read /two/d/f', 'f', 'ENOENT'],
    ['unlink /l1/d/f', 'read /two/d/f', 'f', 'ENOENT'],
  ])('after %s: %s gives %s, or anew %s', (edit, use, kept, fresh) => {
    const path = use.split(' ')[1] ?? '';
    const live = look(tower(), [{ op: 'lstat', path }]).run(...calls(edit));
    expect(answers(live, use).answers).toEqual([kept, fresh]);
    expect(answers(live, use).why).toBeDefined();
    expect(answers(tower().run(...calls(edit)), use)).toEqual({ answers: [fresh], why: undefined });
  });
});

it('a layer whose directory was removed is still there, but nothing can be made in it, and nothing is listed', () => {
  const live = bench('l0/\n  f "x"\nl1/\nupper/\nwork/\nmnt/').run(callOf('removeTree /upper'));
  expect(answers(live, 'write /mnt/n x').answers).toEqual(['ENOENT']);
  expect(answers(live, 'read /mnt/f').answers).toEqual(['x']);
  expect(answers(live, 'readdir /mnt').answers).toEqual(['ENOENT']);
});
