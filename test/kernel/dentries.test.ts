import { describe, expect, it } from 'vitest';
import {
  type Dentries,
  hasDentry,
  movedDentries,
  NO_DENTRIES,
  pathsOf,
  withDentry,
  withoutDentry,
} from '../../src/kernel/dentries.ts';

const of = (...paths: readonly string[]): Dentries => paths.reduce((all, path) => withDentry(all, path), NO_DENTRIES);

describe('the names that have a dentry', () => {
  it('bring the directories above, and come sorted, those first', () => {
    expect(pathsOf(of('/b/c', '/a', '/b/a/x'))).toEqual(['/a', '/b', '/b/a', '/b/a/x', '/b/c']);
    expect(hasDentry(of('/b/c'), '/b')).toBe(true);
    expect(hasDentry(of('/b/c'), '/b/c/d')).toBe(false);
    expect(hasDentry(NO_DENTRIES, '')).toBe(true);
  });

  it('are equal whatever the order in which they came', () => {
    expect(of('/a', '/b/c')).toEqual(of('/b/c', '/a'));
  });

  it('go with all that is below them', () => {
    expect(pathsOf(withoutDentry(of('/a/b/c', '/a/d'), '/a/b'))).toEqual(['/a', '/a/d']);
    expect(withoutDentry(of('/a'), '/b')).toEqual(of('/a'));
    expect(withoutDentry(of('/a'), '')).toEqual(NO_DENTRIES);
  });

  it.each<[what: string, exchange: boolean, before: Dentries, after: readonly string[]]>([
    ['a rename takes them along', false, of('/d/x', '/e'), ['/e', '/e/x']],
    ['and leaves none where it replaces', false, of('/d', '/e/y'), ['/e']],
    ['what has none brings none', false, of('/e/y'), []],
    ['an exchange swaps them', true, of('/d/x', '/e/y'), ['/d', '/d/y', '/e', '/e/x']],
    ['one side may have none', true, of('/d/x'), ['/e', '/e/x']],
  ])('%s', (_, exchange, before, after) => {
    expect(pathsOf(movedDentries(before, '/d', '/e', exchange))).toEqual(after);
  });
});
