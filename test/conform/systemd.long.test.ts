import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { conformFiles } from '../../src/conform/conform.ts';
import { Field } from '../../src/conform/json.ts';
import { conformSystemd } from '../../src/conform/systemd.ts';
import { InputError } from '../../src/input/error.ts';

const VECTORS = 'test/vectors/systemd';

describe('the model does what systemd 257.13 and 262.1 were recorded doing', () => {
  it.each([
    ['matrix.json', 224],
    ['random.json', 252],
    ['handpicked.json', 90],
    ['systemd.jsonl', 148],
    ['pages.jsonl', 140],
  ])('%s', (file, count) => {
    const { lines, passed } = conformFiles([`${VECTORS}/${file}`]);
    expect(lines.filter((line) => line.startsWith('FAIL'))).toEqual([]);
    expect([passed, lines.at(-1)]).toEqual([count, `${count} passed, 0 failed`]);
  });
});

interface Step {
  do: Record<string, unknown>;
  result: unknown;
  after: Record<string, unknown[]>;
}
interface Vector {
  name: string;
  systemd: string;
  steps: Step[];
}
const HANDPICKED = readFileSync(`${VECTORS}/handpicked.json`, 'utf8');
const handpicked = (): Vector[] => JSON.parse(HANDPICKED);
const conform = (vector: Vector) => conformSystemd(new Field(vector, 'edited', 1));

describe('a recording that says anything else fails', () => {
  it('with each of its results changed in turn', () => {
    const unnoticed: string[] = [];
    for (const [at, vector] of handpicked().entries())
      for (const index of vector.steps.keys()) {
        const other = handpicked()[at] ?? vector;
        const step = other.steps[index];
        if (step === undefined) continue;
        step.result = typeof step.result === 'string' ? 'EIO' : { rc: 1, class: 'error:EIO' };
        const { outcome, why } = conform(other);
        if (outcome !== 'fail' || why?.startsWith(`steps[${index}] `) !== true)
          unnoticed.push(`${vector.name} ${index}`);
      }
    expect(unnoticed).toEqual([]);
  });

  it.each(['view', 'host', 'mutable', 'mounts', 'run'])(
    'with the last entry of %s taken away wherever it is noted',
    (part) => {
      const unnoticed: string[] = [];
      let tried = 0;
      for (const [at, vector] of handpicked().entries())
        for (const [index, { after }] of vector.steps.entries()) {
          if ((after[part] ?? []).length === 0) continue;
          const other = handpicked()[at] ?? vector;
          other.steps[index]?.after[part]?.pop();
          tried++;
          const { outcome, why } = conform(other);
          if (outcome !== 'fail' || why?.includes(`: ${part}: `) !== true) unnoticed.push(`${vector.name} ${index}`);
        }
      expect([tried > 5, unnoticed]).toEqual([true, []]);
    },
  );
});

describe('what is no recording of systemd is refused', () => {
  const [first] = handpicked();
  const refused = (edit: (vector: Record<string, unknown>) => void): string => {
    const vector: Record<string, unknown> = JSON.parse(JSON.stringify(first));
    edit(vector);
    try {
      conformSystemd(new Field(vector, 'v.json', 1));
    } catch (error) {
      if (error instanceof InputError) return error.message;
      throw error;
    }
    return 'taken';
  };
  it.each<[string, (vector: Record<string, unknown>) => void, string]>([
    [
      'another version',
      (v) => Object.assign(v, { systemd: '250' }),
      'v.json:1: found "250" as systemd, expected one of 257, 262',
    ],
    [
      'another op',
      (v) => Object.assign(v, { setup: [{ op: 'format', path: '/etc' }] }),
      'v.json:1: found "format" as setup[0].op, expected one of sysext, confext, install, rmtree, mkdir, write, append, unlink, rmdir, rename, symlink, chmod, chown, whiteout, mount, umount',
    ],
    [
      'another verb',
      (v) => Object.assign(v, { setup: [{ op: 'confext', verb: 'mount' }] }),
      'v.json:1: found "mount" as setup[0].verb, expected one of merge, refresh, unmerge, status, list',
    ],
  ])('%s', (_, edit, message) => {
    expect(refused(edit)).toBe(message);
  });
});
