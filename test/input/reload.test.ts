import { describe, expect, it } from 'vitest';
import { lookAt } from '../../src/input/look.ts';
import { wishesOf } from '../../src/input/reload.ts';
import { directory, file, plainFs } from '../../src/kernel/tree.ts';

/** The wishes of the extensions "a" and "b" in a merged tree with these release files. */
function wishes(files: Readonly<Record<string, string>>) {
  const releases = Object.entries(files).map(([name, text]) => [`extension-release.${name}`, file(`ID=_any\n${text}`)]);
  const merged = plainFs(
    directory({ etc: directory({ 'extension-release.d': directory(Object.fromEntries(releases)) }) }),
  );
  const ask = (rules: '257' | '262') => {
    const { reload, restart, reloadOrRestart } = wishesOf(lookAt(merged), rules, 'confext', ['a', 'b']);
    return [...(reload ? ['Reload'] : []), ...restart, ...reloadOrRestart.map((unit) => `${unit}?`)].join(' ');
  };
  return [ask('257'), ask('262')];
}

describe('what merged extensions ask of the service manager', () => {
  // What 257.13 and 262.1 called after a merge, where a program answered in the place of the manager.
  it.each<[string, Readonly<Record<string, string>>, old: string, now: string]>([
    ['nothing', { a: '' }, '', ''],
    ['a reload', { a: 'EXTENSION_RELOAD_MANAGER=TRUE' }, 'Reload', 'Reload'],
    ['one of two', { a: 'EXTENSION_RELOAD_MANAGER=0', b: 'EXTENSION_RELOAD_MANAGER=1' }, 'Reload', 'Reload'],
    ['no boolean', { a: 'EXTENSION_RELOAD_MANAGER=maybe' }, '', ''],
    [
      'units, and with them a reload',
      { a: 'EXTENSION_RESTART_UNITS="y.service x.timer"' },
      '',
      'Reload x.timer y.service',
    ],
    [
      'that cannot be declined',
      { a: 'EXTENSION_RELOAD_MANAGER=0\nEXTENSION_RESTART_UNITS=x.service' },
      '',
      'Reload x.service',
    ],
    ['units to reload', { a: 'EXTENSION_RELOAD_OR_RESTART_UNITS=x.service' }, '', 'Reload x.service?'],
    [
      'a unit in both lists is restarted, and once',
      {
        a: 'EXTENSION_RESTART_UNITS="z.service x.service"',
        b: 'EXTENSION_RESTART_UNITS="x.service"\nEXTENSION_RELOAD_OR_RESTART_UNITS="z.service q.service"',
      },
      '',
      'Reload x.service z.service q.service?',
    ],
    ['an empty list', { a: 'EXTENSION_RESTART_UNITS=' }, '', ''],
    ['a list of blanks', { a: 'EXTENSION_RESTART_UNITS=" "' }, '', 'Reload'],
    [
      'invalid names only',
      { a: 'EXTENSION_RESTART_UNITS="foo bar@.service /x x.bogus .service é.service"' },
      '',
      'Reload',
    ],
    [
      'odd names',
      { a: 'EXTENSION_RESTART_UNITS="a..service b@x.service c@@.service -.mount"' },
      '',
      'Reload -.mount a..service b@x.service c@@.service',
    ],
    ['of a file with another name, if it is the only one', { zzz: 'EXTENSION_RELOAD_MANAGER=1' }, 'Reload', 'Reload'],
    ['not of one of two', { zzz: 'EXTENSION_RELOAD_MANAGER=1', yyy: '' }, '', ''],
  ])('%s', (_, files, old, now) => {
    expect(wishes(files)).toEqual([old, now]);
  });

  it('what is wrong is told', () => {
    const merged = plainFs(
      directory({
        usr: directory({
          lib: directory({
            'extension-release.d': directory({
              'extension-release.a': file('EXTENSION_RELOAD_MANAGER=maybe\nEXTENSION_RESTART_UNITS=foo\n'),
            }),
          }),
        }),
      }),
    );
    expect(wishesOf(lookAt(merged), '262', 'sysext', ['a']).notes.map(({ what }) => what)).toEqual([
      'Failed to parse EXTENSION_RELOAD_MANAGER= of a, ignoring',
      "Invalid unit name 'foo' in EXTENSION_RESTART_UNITS= of a, ignoring",
    ]);
  });
});
