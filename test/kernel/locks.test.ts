import { describe, expect, it } from 'vitest';
import type { Call, OpenFlag } from '../../src/kernel/calls.ts';
import { Bench } from './bench.ts';

const DISK = `
  d/
  f "f"
  g "g"
  same = /f
`;
const opened = (fd: string, path = '/f', ...flags: readonly OpenFlag[]): Call => ({
  op: 'open',
  path,
  flags: flags.length === 0 ? ['O_RDWR'] : flags,
  fd,
});
const shared = (fd: string): Call => ({ op: 'fdlock', fd, how: 'shared' });
const exclusive = (fd: string): Call => ({ op: 'fdlock', fd, how: 'exclusive' });

// Each line was seen on Linux 6.18.
describe('locks of open files', () => {
  it.each<readonly [errno: string, what: string, before: readonly Call[], call: Call]>([
    ['ok', 'a shared one beside a shared one', [opened('a'), opened('b'), shared('a')], shared('b')],
    ['EAGAIN', 'a shared one beside an exclusive one', [opened('a'), opened('b'), exclusive('a')], shared('b')],
    ['EAGAIN', 'two exclusive ones', [opened('a'), opened('b'), exclusive('a')], exclusive('b')],
    ['EAGAIN', 'an upgrade beside a shared one', [opened('a'), opened('b'), shared('a'), shared('b')], exclusive('a')],
    ['ok', 'an upgrade of the only one', [opened('a'), opened('b'), shared('a')], exclusive('a')],
    ['ok', 'a downgrade lets others in', [opened('a'), opened('b'), exclusive('a'), shared('a')], shared('b')],
    ['EAGAIN', 'another name of the file', [opened('a'), opened('b', '/same'), exclusive('a')], shared('b')],
    ['ok', 'another file', [opened('a'), opened('b', '/g'), exclusive('a')], exclusive('b')],
    ['EBADF', 'an exclusive one without the right to write', [opened('a', '/f', 'O_RDONLY')], exclusive('a')],
    ['EBADF', 'a shared one without the right to read', [opened('a', '/f', 'O_WRONLY')], shared('a')],
    ['EBADF', 'an O_PATH descriptor', [opened('a', '/f', 'O_PATH')], shared('a')],
    ['ok', 'a directory', [opened('a', '/d', 'O_RDONLY', 'O_DIRECTORY')], shared('a')],
  ])('%s: %s', (errno, _what, before, call) => {
    expect(new Bench(DISK).run(...before).errno(call)).toBe(errno);
  });

  it('go when the file is closed', () => {
    const bench = new Bench(DISK).run(opened('a'), opened('b'), exclusive('a'));
    expect(bench.errno(shared('b'))).toBe('EAGAIN');
    expect(bench.run({ op: 'fdclose', fd: 'a' }).errno(exclusive('b'))).toBe('ok');
  });

  it('stay with an unlinked file, and a new one of that name has none', () => {
    const bench = new Bench(DISK).run(opened('a', '/g'), opened('b', '/g'), exclusive('a'), {
      op: 'unlink',
      path: '/g',
    });
    expect(bench.errno(shared('b'))).toBe('EAGAIN');
    expect(bench.run(opened('c', '/g', 'O_RDWR', 'O_CREAT')).errno(exclusive('c'))).toBe('ok');
  });

  it('that cannot be had leave the old one as it is', () => {
    const bench = new Bench(DISK).run(opened('a'), opened('b'), opened('c'), shared('a'), shared('b'));
    expect(bench.errno(exclusive('a'))).toBe('EAGAIN');
    expect(bench.run({ op: 'fdclose', fd: 'b' }).errno(exclusive('c'))).toBe('EAGAIN');
  });
});
