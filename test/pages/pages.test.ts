import { describe, expect, it } from 'vitest';
import { OBSERVER } from '../../models/systemd/questions.ts';
import { Field } from '../../src/conform/json.ts';
import { tree } from '../../src/kernel/notation.ts';
import { CAUSES } from '../../src/pages/causes.ts';
import { CHANGES } from '../../src/pages/changes.ts';
import { differences, leftText } from '../../src/pages/disk.ts';
import { after, attempt, command, machine, Rehearsal } from '../../src/pages/lab.ts';
import { look } from '../../src/pages/look.ts';
import { grouped, listed, paragraph, table } from '../../src/pages/markdown.ts';
import { notModelledPage } from '../../src/pages/notmodelled.ts';
import { mustAgree, proofOf, Recordings } from '../../src/pages/recorded.ts';

const ROOT = tree`
  etc/
    hostname "box"
  run/
  usr/
    lib/
      os-release "ID=testos\n"
  var/
    lib/
      confexts/
        a/ #1
          etc/
            app.conf "a1"
            extension-release.d/
              extension-release.a "ID=_any\n"
`;
const bare = machine({ root: { ...ROOT, type: 'tmpfs' } });
const run = command('257', 'confext', []);
const has = (world: typeof bare, path: string): boolean => look(world, OBSERVER, ['/etc']).files.has(path);

describe('a run that is disturbed', () => {
  const merged = attempt(bare, 'merge', run).world;
  const rehearsal = new Rehearsal(merged, 'refresh', run);
  const at = (op: string, path: string): number =>
    rehearsal.steps.findIndex(({ call }) => call.op === op && 'path' in call && call.path === path);

  it('goes as ever up to the step that fails', () => {
    const { outcome, world } = rehearsal.failing(at('umount', '/etc'), 'ENOMEM');
    expect(outcome).toMatchObject({ rc: 1, class: 'error:ENOMEM' });
    expect(has(world, '/etc/app.conf')).toBe(true);
  });

  it('leaves the bare host where the overlay is gone and the next cannot be mounted', () => {
    const mounts = rehearsal.steps.findIndex(({ call }) => call.op === 'mount-overlay');
    const { outcome, world } = rehearsal.failing(mounts, 'EINVAL');
    expect(outcome.class).toBe('error:EINVAL');
    expect([has(world, '/etc/app.conf'), has(world, '/etc/hostname')]).toEqual([false, true]);
  });

  it('leaves what there is when it is killed, and may be run again', () => {
    const world = rehearsal.killed(at('umount', '/etc') + 1);
    expect(has(world, '/etc/app.conf')).toBe(false);
    expect(has(attempt(world, 'refresh', run).world, '/etc/app.conf')).toBe(true);
  });

  it('ends as an attempt does when nothing disturbs it', () => {
    expect(rehearsal.outcome).toEqual(attempt(merged, 'refresh', run).outcome);
    expect(rehearsal.worlds).toHaveLength(rehearsal.steps.length + 1);
  });
});

describe('what is different on disk', () => {
  it.each([
    ['a new file', [{ op: 'write', path: '/etc/new', data: '' }], "in the host's `/etc`: `new`"],
    ['a file that is gone', [{ op: 'unlink', path: '/etc/hostname' }], "in the host's `/etc`: `hostname` removed"],
    [
      'directories, the outermost alone',
      [{ op: 'mkdirAll', path: '/var/lib/extensions.mutable/etc', mode: 0o755 }],
      'made: `/var/lib/extensions.mutable`',
    ],
    ['nothing', [], 'nothing'],
  ] as const)('%s', (_, calls, text) => {
    expect(leftText(differences(bare, after(bare, calls)))).toBe(text);
  });
});

describe('proof', () => {
  const vector = {
    name: 'hand/one',
    systemd: '262.1',
    steps: [{ result: { class: 'merged' } }, { result: { class: 'skipped' } }],
  };
  const recordings = new Recordings([new Field(vector, 'vectors.json', 1)]);

  it('is of the same version', () => {
    expect(proofOf(recordings, { name: 'x', seen: ['hand/one', 1] }, 'skip', '262')?.step).toBe(1);
    expect(proofOf(recordings, { name: 'x', seen: ['hand/one', 1] }, 'skip', '257')).toBeUndefined();
  });

  it('stops the page that says something else', () => {
    const proof = proofOf(recordings, { name: 'x', seen: ['hand/one', 1] }, 'skip', '262');
    expect(() => proof && mustAgree(proof.recorded, 'refresh', 'merged', 'skipped')).toThrow(
      'hand/one (systemd 262), refresh: the page says "merged", the recording "skipped"',
    );
  });

  it('has a name of its own for each case', () => {
    for (const cases of [CHANGES, CAUSES]) {
      const names = cases.flatMap(([, all]) => all.map(({ name }) => name));
      expect(new Set(names).size).toBe(names.length);
    }
  });
});

describe('Markdown', () => {
  it('is wrapped at 120 columns', () => {
    const lines = paragraph('word '.repeat(100).trim()).split('\n');
    expect(lines.length).toBeGreaterThan(1);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(120);
  });

  it('has tables in which a bar is a bar', () => {
    expect(table(['a', 'b'], [['MS_BIND|MS_REC', 'two\nlines']])).toBe(
      '| a | b |\n|---|---|\n| MS_BIND\\|MS_REC | two lines |',
    );
  });

  it('lists words as people do, and groups in the order of the first', () => {
    expect([[], ['a'], ['a', 'b'], ['a', 'b', 'c']].map(listed)).toEqual(['', 'a', 'a and b', 'a, b and c']);
    expect(grouped(['b1', 'a1', 'b2'], ([first = '']) => first)).toEqual([['b1', 'b2'], ['a1']]);
  });

  it('needs the table of ARCHITECTURE.md', () => {
    expect(() => notModelledPage('# The architecture\n')).toThrow(
      'ARCHITECTURE.md has no table below "## Not modelled"',
    );
  });
});
