import { describe, expect, it } from 'vitest';
import { MUTABLE_MODES } from '../../src/input/config.ts';
import type { LinuxCall } from '../../src/program/linux.ts';
import { type Change, callsOf, changed, difference, RECORDED, statuses, tooEarly, words } from './recorded.ts';

/** What refinement means is said in refine.ts; with a real systemd it is checked in refinement.long.test.ts. */
describe('what systemd was seen to do is a run of the program', () => {
  const cases = RECORDED.flatMap((version) => MUTABLE_MODES.map((mode) => ({ version, mode })));
  it.each(cases)('$version, mutable=$mode', ({ version, mode }) => {
    expect(difference(mode, version, version)).toBe(null);
    expect(statuses(mode, version)).toEqual([0, 0, 0, 1, 0, 0, 0]);
  });
});

/** A call becomes others. */
const other =
  (where: string, change: (call: LinuxCall) => readonly LinuxCall[]): Change =>
  (step) =>
    words(step) === where ? change(step.call).map((call) => ({ at: step.at, call })) : [step];
const without = (where: string): Change => other(where, () => []);
const twice = (where: string): Change => other(where, (call) => [call, call]);
/** One operation with other arguments. */
const withArgs = <O extends LinuxCall['op']>(
  where: string,
  op: O,
  args: (call: Extract<LinuxCall, { op: O }>) => Partial<Extract<LinuxCall, { op: O }>>,
): Change => {
  const is = (call: LinuxCall): call is Extract<LinuxCall, { op: O }> => call.op === op;
  return other(where, (call) => (is(call) ? [{ ...call, ...args(call) }] : [call]));
};
const early = (where: string): Change => {
  const calls = callsOf('262', 'refresh');
  const late = calls.find((call) => words(call) === where);
  if (late === undefined) throw new Error(`${where} is no call of a refresh: ${calls.map(words).join(', ')}`);
  return tooEarly(calls, late);
};

const OVERLAY = 'M7d mount-overlay /run/systemd/sysext/overlay/etc';
const MARKER = '/run/systemd/sysext/meta/etc/.systemd-confext';

/** What did not fit: the program's step, and what the tool did there. */
function met(told: string | null): string {
  const [, step, call, done] = /: the program (\w+): ([\w-]+).*; the tool line \d+: ([\w-]+)/s.exec(told ?? '') ?? [];
  return step === undefined ? String(told) : `${step} ${call} is ${done}`;
}

describe('it would be noticed if a refresh', () => {
  it.each([
    ['left the old overlay', without('M6d umount /etc'), 'M6e removeTree is umount'],
    ['detached it before its submounts', early('M6d umount /etc'), 'M6d umount is umount'],
    ['detached it twice', twice('M6d umount /etc'), 'M6d umount is removeTree'],
    ['followed a link', withArgs('M6d umount /etc', 'umount', () => ({ nofollow: false })), 'M6d umount is umount'],
    ['waited for users', withArgs('M6d umount /etc', 'umount', () => ({ detach: false })), 'M6d umount is umount'],
    [
      'kept mounts of the host on /run from the child',
      withArgs('M1 mount-propagation /run', 'mount-propagation', () => ({ to: 'private' })),
      'M1 mount-propagation is mount-propagation',
    ],
    [
      'had its layers in another order',
      withArgs(OVERLAY, 'mount-overlay', ({ lowers }) => ({ lowers: [...lowers].reverse() })),
      'M7d mount-overlay is mount-overlay',
    ],
    [
      'let programs run',
      withArgs(OVERLAY, 'mount-overlay', () => ({ flags: ['nosuid', 'nodev', 'noatime'] })),
      'M7d mount-overlay is mount-overlay',
    ],
    [
      'had other options',
      withArgs(OVERLAY, 'mount-overlay', () => ({ redirectDir: 'nofollow' })),
      'M7d mount-overlay is mount-overlay',
    ],
    [
      'listed other extensions',
      withArgs(`M7d write ${MARKER}/confexts`, 'write', () => ({ data: 'b\n' })),
      'M7d write is write',
    ],
    [
      'noted another mode',
      withArgs(`M7d write ${MARKER}/origin`, 'write', ({ data }) => ({ data: String(data).replace('yes', 'no') })),
      'M7d write is write',
    ],
    ['wrote the list after the origin', early(`M7d write ${MARKER}/origin`), 'M7d write is write'],
    [
      'let everybody write to the marker',
      without('M7d mount-flags /run/systemd/sysext/overlay/etc/.systemd-confext'),
      'M7e open-tree is mount-flags',
    ],
    [
      'left the submounts behind',
      withArgs('M8 mount-bind /etc', 'mount-bind', () => ({ recursive: false })),
      'M8 mount-bind is mount-bind',
    ],
    ['told its parent something else', withArgs('M9 leave', 'leave', () => ({ status: 123 })), 'M9 leave is leave'],
  ])('%s', (_, change, told) => {
    expect(met(changed('262', 'refresh', change))).toBe(told);
  });

  it('ended with another exit status', () => {
    const told = difference('no', '262', '262', function* (program) {
      return { ...(yield* program), rc: 1 };
    });
    expect(told).toContain('the program ends with 1 (merged), the tool with 0');
  });

  it.each([
    ['257', '262', 'M5a chmod is mkdir'],
    ['262', '257', 'M6c mkdir is chmod'],
  ] as const)('of %s did what %s does', (version, other, told) => {
    expect(met(difference('yes', version, other))).toBe(told);
  });
});
