import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { conformFiles } from '../../src/conform/conform.ts';
import { Field } from '../../src/conform/json.ts';
import { conformLive } from '../../src/conform/live.ts';

const VECTORS = 'test/vectors/live';

describe('edits behind a live overlay have the outcomes that Linux 6.18 was recorded having', () => {
  it.each([
    ['table.jsonl', '789 passed, 0 failed'],
    ['random.jsonl', '80 passed, 0 failed'],
  ])('%s', (file, counts) => {
    expect(conformFiles([`${VECTORS}/${file}`]).lines).toEqual([counts]);
  });

  it('except for what has to do with inodes that an overlay remembers', () => {
    expect(`\n${conformFiles([`${VECTORS}/gaps.jsonl`]).lines.join('\n')}\n`).toMatchInlineSnapshot(`
      "
      FAIL seen, rename /l1/d/f /l1/d/ff: chmod /d/f: merged: /d/ff: mode is 0644, recorded 0600
      FAIL seen, rename /l1/d/f /l1/d/ff: write /d/f: merged: /d/ff: content is "f", recorded "W"
      FAIL seen, rename /l1/d/f /l1/d/ff: append /d/f: merged: /d/ff: content is "f", recorded "f+"
      FAIL seen, rename /l1/d /l1/e: chmod /d/f: merged: /e/f: mode is 0644, recorded 0600
      FAIL seen, rename /l1/d /l1/e: write /d/f: merged: /e/f: content is "f", recorded "W"
      FAIL seen, rename /l1/d /l1/e: append /d/f: merged: /e/f: content is "f", recorded "f+"
      FAIL a whiteout where nothing is merged any more: merged: /d/v is in the model only, "ghost"
      FAIL a file that another overlay moved: ops[2] {"op":"read","path":"/mnt/d/n"}: the model gives "f", recorded ESTALE
      0 passed, 8 failed
      "
    `);
  });
});

/** A copy of a vector with one edit. */
function edited(text: string, edit: (vector: Record<string, unknown[]>) => void): Field {
  const copy = JSON.parse(text);
  edit(copy);
  return new Field(copy, 'edited', 1);
}
const random = readFileSync(`${VECTORS}/random.jsonl`, 'utf8').trim().split('\n').slice(0, 20);

describe('a recording that says anything else fails', () => {
  it('with each of its results changed in turn', () => {
    const unnoticed: string[] = [];
    for (const text of random) {
      const results: { ok?: unknown }[] = JSON.parse(text).results;
      for (const [index] of results.entries()) {
        const verdict = conformLive(edited(text, (vector) => void vector['results']?.splice(index, 1, { err: 'EIO' })));
        if (verdict.outcome !== 'fail' || verdict.why?.startsWith(`ops[${index}] `) !== true)
          unnoticed.push(`${verdict.name} ops[${index}]`);
      }
    }
    expect(unnoticed).toEqual([]);
  });

  it.each(['merged', 'upper'])('with each entry of %s taken away in turn', (listing) => {
    const unnoticed: string[] = [];
    for (const text of random) {
      const entries: { path: string }[] = JSON.parse(text)[listing] ?? [];
      for (const [index, { path }] of entries.entries()) {
        const verdict = conformLive(edited(text, (vector) => void vector[listing]?.splice(index, 1)));
        if (verdict.why?.startsWith(`${listing}: ${path} is in the model only`) !== true)
          unnoticed.push(`${verdict.name} ${path}`);
      }
    }
    expect(unnoticed).toEqual([]);
  });
});

describe('a vector that cannot be played', () => {
  const vector = {
    name: 'v',
    layers: { l0: [], l1: [] },
    mounts: [{ at: '/mnt', lowers: ['/l0', '/l1'], options: '' }],
    ops: [{ op: 'lstat', path: '/mnt/f' }],
    results: [{ err: 'ENOENT' }],
  };
  const play = (over: object) => conformLive(new Field({ ...vector, ...over }, 'here', 1));

  it('says what is wrong', () => {
    expect(play({})).toEqual({ name: 'v', outcome: 'pass' });
    expect(() => play({ mounts: [] })).toThrow('here:1: found [] as mounts, expected at least one mount');
    expect(() => play({ ops: [{ op: 'shrink', path: '/l0' }] })).toThrow('expected one of /mnt');
    expect(() => play({ ops: [{ op: 'melt', path: '/l0' }] })).toThrow('expected one of shrink, open, mkdir');
  });

  it('is skipped for an option that the model leaves out, and fails for a mount that it refuses', () => {
    const [mount] = vector.mounts;
    expect(play({ mounts: [{ ...mount, options: 'metacopy=on' }] }).outcome).toBe('skip');
    expect(play({ mounts: [{ ...mount, lowers: ['/l0'] }] }).why).toBe(
      'mount: the model says EINVAL, the recording mounted',
    );
  });
});
