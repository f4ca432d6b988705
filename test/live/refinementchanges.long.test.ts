import { describe, expect, it } from 'vitest';
import type { Version } from '../../models/systemd/versions.ts';
import { callsOf, changed, type Numbered, RECORDED, tooEarly, words } from './recorded.ts';

/** The calls of a refresh without which the check reports nothing. */
const silent = RECORDED.map((version): readonly [Version, readonly Numbered[]] => [
  version,
  callsOf(version, 'refresh').filter(
    (left) => changed(version, 'refresh', (step, index) => (index === left.index ? [] : [step])) === null,
  ),
]);
const silentOf = (version: Version): readonly Numbered[] => new Map(silent).get(version) ?? [];

/** They only look, or make directories that are there. */
const SILENT = [
  'P2 mkdirAll /run/systemd/nspawn/locks',
  'M1 mkdirAll /run/systemd/sysext',
  'M7a mkdirAll /var/lib/extensions.mutable/etc',
  'M7e mkdirAll /run/systemd/sysext/overlay/etc',
  'M7e mkdirAll /run/systemd/sysext/overlay/etc/sub',
  'M8 access /run/systemd/sysext/overlay/etc',
  'M8 mkdirAll /etc',
];

describe('whichever call of a refresh is wrong, the check', () => {
  it.each([
    ['257', SILENT],
    ['262', [...SILENT, 'M5a mkdirAll /var/lib/extensions.mutable/etc']],
  ] as const)('of %s notices if it is left out and changes something', (version, expected) => {
    expect(silentOf(version).map(words).sort()).toEqual([...expected].sort());
  });

  it.each([
    ['257', []],
    // Clones of submounts are taken in the order of the mount table, of which the model knows nothing.
    ['262', ['M6c open-tree /etc/sub', 'M7e open-tree /run/systemd/sysext/submounts/etc/sub']],
  ] as const)('of %s notices if it is made too early', (version, expected) => {
    const quiet = new Set(silentOf(version).map(({ index }) => index));
    const calls = callsOf(version, 'refresh').filter(({ index }) => !quiet.has(index));
    const missed = calls.slice(1).filter((late) => changed(version, 'refresh', tooEarly(calls, late)) === null);
    expect(missed.map(words)).toEqual(expected);
  });
});
