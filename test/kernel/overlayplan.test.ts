import { describe, expect, it } from 'vitest';
import type { Call, CallResult } from '../../src/kernel/calls.ts';
import { overlayRequest } from '../../src/kernel/overlayoptions.ts';
import { fileSystem } from '../../src/kernel/world.ts';
import { COMBINATIONS, DISK, PLANS, type PlanRow } from './overlayplans.ts';
import { Caller } from './plancaller.ts';

/** The world before the mount of a row. */
function prepared({ disk, before }: PlanRow): Caller {
  const caller = new Caller(disk ?? DISK);
  for (const call of before ?? []) expect(caller.call(call), JSON.stringify(call)).not.toHaveProperty('err');
  return caller;
}

const mounting = (data: string) => ({ op: 'mount-overlay-data', path: '/mnt', source: 'overlay', data }) as const;

const errnoOf = (result: CallResult): string => ('err' in result ? result.err : 'ok');

describe.each(Object.entries(PLANS))('%s', (_, rows) => {
  it.each(rows.map((row) => [row.errno, row.name, row] as const))('%s: %s', (errno, _name, row) => {
    const caller = prepared(row);
    expect(errnoOf(caller.call(row.mount, row.as))).toBe(errno);
    if (row.uncertain === undefined) expect(caller.uncertain).toBeUndefined();
    else expect(caller.uncertain).toContain(row.uncertain);
    for (const [call, result] of row.after ?? []) expect(caller.call(call), JSON.stringify(call)).toEqual(result);
  });
});

describe('options that depend on each other', () => {
  const { options, refusedWithUpper, refusedWithout } = COMBINATIONS;
  const all = options.reduce<readonly (readonly string[])[]>(
    (combinations, values) =>
      combinations.flatMap((before) => values.map((value) => (value === '' ? before : [...before, value]))),
    [[]],
  );

  it.each([
    ['with an upperdir', 'lowerdir=/a,upperdir=/u,workdir=/w', refusedWithUpper, 584],
    ['without one', 'lowerdir=/a:/b', refusedWithout, 448],
  ] as const)('%s, are refused where two of them exclude each other', (_, layers, exclusive, count) => {
    const isRefused = (combination: readonly string[]): boolean => {
      const data = [layers, ...combination].join(',');
      return overlayRequest({ op: 'mount-overlay-data', source: 'x', data }).refused !== null;
    };
    const refused = all.filter(isRefused);
    expect(refused).toEqual(
      all.filter((each) => exclusive.some((few) => few.every((option) => each.includes(option)))),
    );
    expect(refused).toHaveLength(count);
  });
});

describe('a structured call', () => {
  /** The same mount without a string, if it can be said without one. */
  function structured({ mount }: PlanRow): Call | null {
    if (mount.op !== 'mount-overlay-data') return null;
    const { named, lowers, upper, work, config, readonly, refused } = overlayRequest(mount);
    const { redirectDir, ...rest } = config;
    const inOrder = [...lowers, ...[upper, work].filter((layer) => layer !== null)];
    const isPlain =
      refused === null &&
      readonly === null &&
      typeof mount.data === 'string' &&
      Object.values(rest).every((feature) => !feature) &&
      named.every((layer, index) => layer === inOrder[index] && layer.role !== 'data');
    const { path, source, flags = [] } = mount;
    const above = { ...(upper === null ? {} : { upper }), ...(work === null ? {} : { work }) };
    return isPlain ? { op: 'mount-overlay', path, source, lowers, ...above, redirectDir, flags } : null;
  }

  const rows = Object.values(PLANS).flatMap((group) =>
    group.flatMap((row) => {
      const mount = structured(row);
      return mount === null ? [] : [{ ...row, mount }];
    }),
  );

  it('gives what the same options in a string give', () => {
    expect(rows.length).toBeGreaterThan(150);
    for (const row of rows) {
      const caller = prepared(row);
      expect(errnoOf(caller.call(row.mount, row.as)), row.name).toBe(row.errno);
      for (const [call, result] of row.after ?? []) expect(caller.call(call), row.name).toEqual(result);
    }
  });
});

describe('an overlay mount', () => {
  it('that fails leaves no instance behind, and holds no layer', () => {
    const caller = new Caller(DISK);
    expect(errnoOf(caller.call(mounting('lowerdir=/a:/a,upperdir=/u,workdir=/w')))).toBe('ELOOP');
    expect(errnoOf(caller.call({ ...mounting('lowerdir=/a,upperdir=/u,workdir=/w'), path: '/file' }))).toBe('ENOTDIR');
    const disk = fileSystem(caller.world, 'disk');
    expect(disk.pins.size).toBe(0);
    expect(caller.world.get('fs:t.0')).toBeNull();
  });

  it('is uncertain where a layer was changed behind a live overlay', () => {
    const caller = new Caller(DISK);
    const calls: readonly Call[] = [
      mounting('lowerdir=/a:/b'),
      { op: 'lstat', path: '/mnt/new' },
      { op: 'mkdir', path: '/a/new', mode: 0o755 },
      { ...mounting('lowerdir=/mnt/new:/c'), path: '/n' },
    ];
    for (const call of calls) caller.call(call);
    expect(caller.uncertain).toContain('"/new" was added');
  });

  it('marks what it removes from a workdir that is in a layer of another', () => {
    const caller = new Caller(`${DISK}\nq/\n  wd/\n    work/\n      k ""`);
    const calls: readonly Call[] = [
      mounting('lowerdir=/q:/b'),
      { ...mounting('lowerdir=/a,upperdir=/q,workdir=/w'), path: '/n' },
      { op: 'readdir', path: '/mnt/wd' },
      { op: 'lstat', path: '/mnt/wd/work/k' },
    ];
    for (const call of calls) caller.call(call);
    expect(caller.uncertain).toBeUndefined();
    caller.call({ ...mounting('lowerdir=/a,upperdir=/c,workdir=/q/wd'), path: '/o' });
    caller.call({ op: 'lstat', path: '/mnt/wd/work/k' });
    expect(caller.uncertain).toContain('"/wd/work');
  });

  it('holds its data-only layers', () => {
    const caller = new Caller(DISK);
    const calls: readonly Call[] = [
      { op: 'mount-tmpfs', path: '/o' },
      mounting('lowerdir=/a::/o'),
      { op: 'umount', path: '/o' },
    ];
    for (const call of calls) expect(errnoOf(caller.call(call))).toBe('ok');
    expect(caller.world.get('fs:t.0')).not.toBeNull();
    caller.call({ op: 'umount', path: '/mnt' });
    expect(caller.world.get('fs:t.0')).toBeNull();
  });
});
