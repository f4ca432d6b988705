import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { readConfig } from '../../src/input/config.ts';
import { accepted, discover } from '../../src/input/discover.ts';
import { InputError } from '../../src/input/error.ts';
import { RULES } from '../../src/input/imageclass.ts';
import { lookAt } from '../../src/input/look.ts';
import { type RootInput, readRoot } from '../../src/input/root.ts';
import { parseGetfattr } from '../../src/input/xattr.ts';
import { printTree } from '../../src/kernel/notation.ts';
import { get } from '../../src/kernel/tree.ts';

const made: string[] = [];
afterEach(() => {
  for (const dir of made.splice(0)) rmSync(dir, { recursive: true, force: true });
});

const SYSTEM = { 'etc/': '', 'usr/lib/os-release': 'ID=testos\nVERSION_ID=1\n' };
/** Makes a directory of files ("name": text), directories ("name/": "") and symlinks ("name": "-> target"). */
function makeTree(content: Readonly<Record<string, string>>): string {
  const dir = mkdtempSync(join(tmpdir(), 'overlaycheck-root-'));
  made.push(dir);
  chmodSync(dir, 0o755);
  for (const [path, text] of Object.entries(content)) {
    const at = join(dir, path);
    mkdirSync(path.endsWith('/') ? at : dirname(at), { recursive: true });
    if (text.startsWith('-> ')) symlinkSync(text.slice(3), at);
    else if (!path.endsWith('/')) writeFileSync(at, text);
  }
  return dir;
}
const system = (content: Readonly<Record<string, string>> = {}): string => makeTree({ ...SYSTEM, ...content });
const extension = (name: string, release = 'ID=_any\n'): Readonly<Record<string, string>> => ({
  [`var/lib/confexts/${name}/etc/extension-release.d/extension-release.${name}`]: release,
});
const whats = (input: RootInput): readonly string[] => input.notes.map(({ path, what }) => `${path}: ${what}`);
/** The notation without modes and owners, which depend on who runs the tests with which umask. */
const drawn = (text: string): string => text.replace(/( 0[0-7]{3,4})?( \d+:\d+)?$/gm, '').replace(/^\/\n/, '');
const isRoot = process.getuid?.() === 0;
const canMark = isRoot && spawnSync('setfattr', ['--version']).error === undefined;

describe('a root is read into the trees that a merge looks at', () => {
  it('/etc, extensions, the mutable directory and what rules them, and nothing else', () => {
    const dir = system({
      'etc/app.conf': 'secret',
      'etc/os-release': '-> ../usr/lib/os-release',
      'etc/systemd/confext.conf': '[ConfExt]\nMutable=yes\n',
      'usr/bin/tool': 'x',
      ...extension('a'),
      'var/lib/confexts/a/etc/app.conf': 'secret',
      'var/lib/confexts/a/usr/lib/junk': 'x',
      'var/lib/confexts/old.raw': 'image',
      'var/lib/confexts/masked/': '',
      'var/lib/extensions.mutable/etc/app.conf': 'other',
      'run/confexts/r/etc/extension-release.d/extension-release.r': 'ID=_any\n',
      'home/me/diary': 'x',
    });
    const input = readRoot(dir);
    expect(drawn(printTree(input.root)).replaceAll(/sha256:[0-9a-f]{56}/g, '#')).toMatchInlineSnapshot(`
      "etc/
        app.conf "#f527a25b"
        os-release -> ../usr/lib/os-release
        systemd/
          confext.conf "[ConfExt]\\nMutable=yes\\n"
      run/
      usr/
        lib/
          os-release "ID=testos\\nVERSION_ID=1\\n"
      var/
        lib/
          confexts/
            a/
              etc/
                app.conf "#f527a25b"
                extension-release.d/
                  extension-release.a "ID=_any\\n"
            masked/
            old.raw "unread:/var/lib/confexts/old.raw"
          extensions.mutable/
            etc/
              app.conf "#5b2fcffa""
    `);
    expect(drawn(printTree(input.run))).toBe(
      'confexts/\n  r/\n    etc/\n      extension-release.d/\n        extension-release.r "ID=_any\\n"',
    );
    expect(input.etc).toBe('/etc');
    expect(input.config.mutable).toBe('yes');
    expect(accepted(input.discovery[262]).map((one) => one.path)).toEqual(['/var/lib/confexts/a', '/run/confexts/r']);
    expect(whats(input)).toContain(
      '/var/lib/confexts/old.raw: a raw image: what is inside is not read, and the answer is without it',
    );
  });

  it('the rules find in these trees what they found on the disk', () => {
    const input = readRoot(
      system({
        ...extension('a'),
        ...extension('b', 'ID=other\n'),
        'var/lib/confexts/v.v/v_2/etc/extension-release.d/extension-release.v': 'ID=_any\n',
        'var/lib/confexts/l': '-> /srv/l',
        'srv/l/etc/extension-release.d/extension-release.l': 'ID=_any\n',
        'run/confexts/r/etc/extension-release.d/extension-release.r': 'ID=testos\nVERSION_ID=1\n',
        'usr/lib/confexts': '-> ../local/c',
        'usr/local/c/u/etc/extension-release.d/extension-release.u': '-> /etc/real',
        'usr/local/c/u/etc/real': 'ID=_any\n',
        'usr/lib/systemd/confext.conf.d/1.conf': '[ConfExt]\nMutable=auto\n',
        'etc/systemd/confext.conf.d/1.conf': '-> /usr/lib/mine',
        'usr/lib/mine': '[ConfExt]\nMutable=import\n',
      }),
    );
    const look = lookAt(input.root, { '/run': input.run });
    for (const rules of RULES) expect(discover(look, rules, 'confext')).toEqual(input.discovery[rules]);
    expect(readConfig(look, 'confext')).toEqual(input.config);
    expect(input.config.mutable).toBe('import');
    expect(accepted(input.discovery[262]).map((one) => one.tree)).toEqual([
      '/var/lib/confexts/a',
      '/srv/l',
      '/run/confexts/r',
      '/usr/local/c/u',
      '/var/lib/confexts/v.v/v_2',
    ]);
  });

  it('files that rules read stay text in every layer', () => {
    const conf = '[ConfExt]\nMutable=yes\n';
    const { root } = readRoot(system({ ...extension('a'), 'var/lib/confexts/a/etc/systemd/confext.conf': conf }));
    expect(get(root, '/var/lib/confexts/a/etc/systemd/confext.conf')).toMatchObject({ content: conf });
  });

  it('equal files have equal contents, and other files others', () => {
    const { root } = readRoot(system({ 'etc/a': 'x', 'etc/b': 'x', 'etc/c': 'y' }));
    const content = (path: string): unknown => ({ ...get(root, path) });
    expect(content('/etc/a')).toEqual(content('/etc/b'));
    expect(content('/etc/a')).not.toEqual(content('/etc/c'));
  });

  it('modes stay, times do not', () => {
    const dir = system({ 'etc/s': '', 'etc/d/': '' });
    chmodSync(join(dir, 'etc/s'), 0o4750);
    chmodSync(join(dir, 'etc/d'), 0o1777);
    const { root } = readRoot(dir);
    expect(get(root, '/etc/s')).toMatchObject({ mode: 0o4750, uid: process.getuid?.(), mtime: 0 });
    expect(get(root, '/etc/d')).toMatchObject({ mode: 0o1777, mtime: 0 });
  });

  it('hard links are one inode where both names were read', () => {
    const dir = system({ 'etc/a': 'x', 'etc/alone': 'y', 'home/other': 'z' });
    linkSync(join(dir, 'etc/a'), join(dir, 'etc/b'));
    linkSync(join(dir, 'etc/alone'), join(dir, 'home/alone'));
    const { root } = readRoot(dir);
    expect([...root.inodes.values()].map((held) => held.links)).toEqual([2]);
    expect(drawn(printTree(root))).toContain('b = /etc/a');
    expect(get(root, '/etc/alone')).toMatchObject({ type: 'file' });
  });

  it.runIf(isRoot)('device nodes keep their numbers, 0/0 is a whiteout (needs root to make one)', () => {
    const dir = system();
    execFileSync('mknod', [join(dir, 'etc/gone'), 'c', '0', '0']);
    execFileSync('mknod', [join(dir, 'etc/big'), 'b', '259', '70000']);
    const { root } = readRoot(dir);
    expect(get(root, '/etc/gone')).toMatchObject({ type: 'chr', rdev: [0, 0] });
    expect(get(root, '/etc/big')).toMatchObject({ type: 'blk', rdev: [259, 70000] });
  });

  it.each([
    ['usr/lib/x86_64-linux-gnu/systemd/libsystemd-shared-257.so', '257', '257', true],
    ['usr/lib/systemd/libsystemd-shared-262.1-1.fc44.so', '262.1-1.fc44', '262', true],
    ['usr/lib64/systemd/libsystemd-shared-261.so', '261', '262', false],
    ['usr/lib/systemd/libsystemd-shared-255.4.so', '255.4', '257', false],
  ])('the version of %s is %s', (library, version, rules, exact) => {
    const input = readRoot(system({ [library]: '' }));
    expect(input.systemd).toMatchObject({ version, rules, exact, path: `/${library}` });
    expect(whats(input).some((what) => what.includes('the nearest bundled version'))).toBe(!exact);
  });

  it('without that library the version is not known, which is told', () => {
    const input = readRoot(system());
    expect(input.systemd).toBeUndefined();
    expect(whats(input).join()).toContain('the version of systemd is not known');
  });

  it('the architecture comes from a program', () => {
    const dir = system({ 'usr/bin/true': '' });
    const header = Buffer.from(`7f454c460201010000000000000000000300b700${'00'.repeat(44)}`, 'hex');
    writeFileSync(join(dir, 'usr/bin/true'), header);
    expect(readRoot(dir).architecture).toBe('arm64');
    expect(readRoot(system()).architecture).toBeUndefined();
  });

  it('five thousand files are read, each once', () => {
    const dir = system();
    const before = readRoot(dir).inodes;
    for (let d = 0; d < 50; d++) {
      mkdirSync(join(dir, `etc/d${d}`));
      for (let f = 0; f < 100; f++) writeFileSync(join(dir, `etc/d${d}/f${f}`), `content ${d} ${f}`);
    }
    expect(readRoot(dir).inodes - before).toBe(50 + 5000);
  });
});

describe('hostile trees', () => {
  it('no symlink leads out', () => {
    const outside = makeTree({ 'secret.d/extension-release.d/extension-release.x': 'ID=_any\n' });
    const up = '../'.repeat(30);
    const dir = system({
      'etc/passwd': 'inside',
      'etc/x': '-> /../../../etc/passwd',
      'var/lib/confexts/x/etc': `-> ${up}${outside.slice(1)}/secret.d`,
      'var/lib/confexts/y': `-> ${up}${outside.slice(1)}`,
      'var/lib/extensions.mutable': `-> ${outside}`,
      'var/lib/confexts/z/etc/extension-release.d/extension-release.z': `-> ${up}etc/os-release`,
    });
    const input = readRoot(dir);
    expect(printTree(input.root)).not.toContain('extension-release.x');
    expect(get(input.root, '/etc/x')).toMatchObject({ type: 'symlink', target: '/../../../etc/passwd' });
    expect(input.discovery[262].extensions.map((one) => [one.name, one.verdict?.accepted])).toEqual([
      ['x', false],
      ['z', false],
    ]);
  });

  it('/etc may be a symlink to a directory inside', () => {
    const input = readRoot(makeTree({ 'usr/lib/os-release': 'ID=a\n', 'data/etc/f': 'x', etc: '-> /../data/etc' }));
    expect(input.etc).toBe('/data/etc');
    expect(get(input.root, '/etc')).toMatchObject({ type: 'symlink', target: '/../data/etc' });
    expect(get(input.root, '/data/etc/f')).toMatchObject({ type: 'file' });
  });

  it('links that lead to themselves inside /etc are just links', () => {
    const { root } = readRoot(system({ 'etc/a': '-> b', 'etc/b': '-> a', 'etc/d/up': '-> ..' }));
    expect(drawn(printTree(root))).toContain('a -> b\n  b -> a\n  d/\n    up -> ..\n');
  });

  it('fifos and sockets are what they are, and nobody opens them', async () => {
    const dir = system(extension('a'));
    for (const path of [
      'etc/pipe',
      'etc/initrd-release',
      'var/lib/confexts/a/etc/extension-release.d/extension-release.b',
    ])
      execFileSync('mkfifo', [join(dir, path)]);
    mkdirSync(join(dir, 'etc/systemd'));
    execFileSync('mkfifo', [join(dir, 'etc/systemd/confext.conf')]);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(join(dir, 'etc/socket'), resolve));
    const input = readRoot(dir);
    await new Promise((resolve) => server.close(resolve));
    expect(get(input.root, '/etc/pipe')?.type).toBe('fifo');
    expect(get(input.root, '/etc/socket')?.type).toBe('sock');
    expect(input.discovery[262].initrd).toBe(true);
    expect(whats(input).join()).toContain('/etc/systemd/confext.conf: Failed to open');
  });

  it('names that are not UTF-8 are escaped, told, and apart from names that look like it', () => {
    const dir = system({ 'etc/caf\\xe9': 'looks like it', 'etc/back\\x2dslash': 'as systemd names units' });
    for (const name of ['etc/caf\xe9', 'etc/link\xff']) {
      const path = Buffer.concat([Buffer.from(`${dir}/`), Buffer.from(name, 'latin1')]);
      if (name.includes('link')) symlinkSync(Buffer.from('to\xfe', 'latin1'), path);
      else writeFileSync(path, 'x');
    }
    const input = readRoot(dir);
    const etc = get(input.root, '/etc');
    expect(etc?.type === 'dir' ? [...etc.entries.keys()] : []).toEqual([
      'back\\x2dslash',
      'caf\\xe9',
      'caf\\xe9~',
      'link\\xff',
    ]);
    expect(get(input.root, '/etc/link\\xff')).toMatchObject({ target: 'to\\xfe' });
    expect(whats(input)).toContain('/etc/caf\\xe9~: the name is not UTF-8; it is written with escapes');
    expect(whats(input)).toContain(
      '/etc/link\\xff: the target of this symlink is not UTF-8; it is written with escapes',
    );
  });

  it('an extension whose name is not UTF-8 is passed over, as systemd does', () => {
    const dir = system(extension('a'));
    mkdirSync(Buffer.concat([Buffer.from(`${dir}/var/lib/confexts/`), Buffer.from('caf\xe9', 'latin1')]));
    expect(readRoot(dir).discovery[262].extensions.map((one) => one.name)).toEqual(['a']);
  });

  it.skipIf(isRoot)('a file that may not be read is kept, its content unknown (root may read everything)', () => {
    const dir = system({ 'etc/shadow': 'x' });
    chmodSync(join(dir, 'etc/shadow'), 0);
    const input = readRoot(dir);
    expect(get(input.root, '/etc/shadow')).toMatchObject({ content: 'unread:/etc/shadow', mode: 0 });
    expect(whats(input)).toContain('/etc/shadow: cannot be read (EACCES): its content counts as unknown');
  });

  it('a broken release file, an empty mask and twins', () => {
    const input = readRoot(
      system({
        ...extension('bad', 'ID=_any\nX=\0\n'),
        ...extension('twin'),
        'var/lib/confexts/twin.confext/etc/extension-release.d/extension-release.twin': 'ID=_any\n',
        'var/lib/confexts/gone/': '',
        'usr/lib/confexts/gone/etc/extension-release.d/extension-release.gone': 'ID=_any\n',
      }),
    );
    expect(accepted(input.discovery[262]).map((one) => one.path)).toEqual(['/var/lib/confexts/twin']);
    expect(input.notes.map((note) => note.path)).toEqual(
      expect.arrayContaining([
        '/var/lib/confexts/bad/etc/extension-release.d/extension-release.bad',
        '/var/lib/confexts/twin.confext',
      ]),
    );
  });
});

describe('a directory that cannot be meant is refused in one line', () => {
  const message = (dir: string): string => {
    try {
      readRoot(dir);
    } catch (error) {
      if (error instanceof InputError) return error.message;
      throw error;
    }
    return 'accepted';
  };
  const RELEASE = { 'usr/lib/os-release': 'ID=a\n' };
  it.each<[string, string, Readonly<Record<string, string>>, string]>([
    [
      'nothing there',
      '/missing',
      {},
      '/missing: found nothing, expected the directory of an unpacked root file system',
    ],
    ['a file', '/f', { f: '' }, '/f: found a file, expected the directory'],
    [
      '/etc that leads to itself',
      '',
      { ...RELEASE, etc: '-> /etc' },
      '/etc: found a symlink to /etc, which is cyclic, expected a directory',
    ],
    [
      '/etc that leads nowhere',
      '',
      { ...RELEASE, etc: '-> no' },
      '/etc: found a symlink to no, which does not exist, expected',
    ],
    ['/etc that is a file', '', { ...RELEASE, etc: 'x' }, '/etc: found something of type file, expected a directory'],
    ['no os-release', '', { 'etc/': '' }, ': found neither etc/os-release nor usr/lib/os-release, expected'],
    [
      'os-release without ID',
      '',
      { 'etc/': '', 'usr/lib/os-release': 'NAME=x\n' },
      "/usr/lib/os-release: found 'ID' field not found or empty",
    ],
    [
      'os-release that leads nowhere',
      '',
      { 'etc/os-release': '-> nowhere' },
      '/etc/os-release: found Failed to acquire',
    ],
  ])('%s', (_, below, content, expected) => {
    const dir = makeTree(content);
    expect(message(dir + below)).toContain(`${dir}${expected}`);
    expect(message(dir + below)).not.toContain('\n');
  });

  it('a root without /etc is one whose /etc is missing', () => {
    const input = readRoot(makeTree(RELEASE));
    expect(input.etc).toBeUndefined();
    expect(whats(input)).toContain('/etc: there is none: it counts as missing on the host');
  });
});

describe('extended attributes', () => {
  it('the output of getfattr is read byte by byte', () => {
    const output = [
      '# file: /r/nl\\012x',
      'trusted.overlay.opaque=0x79',
      '',
      '# file: /r/caf\xe9\\134 b',
      'trusted.overlay.redirect=0x2f642f636166e9',
      'user.overlay.opaque=0x',
      'user.we\\075ird',
      '',
      '',
    ].join('\n');
    expect([...parseGetfattr(output)].map(([path, values]) => [path, ...values])).toEqual([
      ['/r/nl\nx', ['trusted.overlay.opaque', 'y']],
      ['/r/caf\xe9\\ b', ['trusted.overlay.redirect', '/d/caf\\xe9'], ['user.overlay.opaque', ''], ['user.we=ird', '']],
    ]);
  });

  it.each(['trusted.overlay.opaque=0x79', '# file: a\nuser.x=0x7', '# file: a\nuser.x="text"'])(
    '%j is refused',
    (output) => {
      expect(() => parseGetfattr(output)).toThrow('of getfattr');
    },
  );

  it.runIf(canMark)('marks are read with their trees (needs root, setfattr and getfattr)', () => {
    const dir = system({ 'var/lib/extensions.mutable/etc/d/': '', ...extension('other'), 'etc/e/': '' });
    const mark = (path: string, name: string, value: string): void => {
      execFileSync('setfattr', ['-n', name, '-v', value, join(dir, path)]);
    };
    mark('var/lib/extensions.mutable/etc/d', 'trusted.overlay.opaque', 'y');
    mark('var/lib/extensions.mutable/etc/d', 'trusted.overlay.origin', 'x');
    mark('etc/e', 'trusted.overlay.redirect', '/was');
    const input = readRoot(dir);
    expect(get(input.root, '/var/lib/extensions.mutable/etc/d')?.xattrs).toEqual(
      new Map([['trusted.overlay.opaque', 'y']]),
    );
    expect(get(input.root, '/etc/e')?.xattrs).toEqual(new Map([['trusted.overlay.redirect', '/was']]));
    expect(input.xattrs).toEqual({ known: true });
  });

  it.runIf(canMark)('a release file of another name counts if its attribute says so (needs setfattr)', () => {
    const dir = system();
    const release = 'var/lib/confexts/a/etc/extension-release.d/extension-release.b';
    mkdirSync(join(dir, dirname(release)), { recursive: true });
    writeFileSync(join(dir, release), 'ID=_any\n');
    expect(accepted(readRoot(dir).discovery[257])).toEqual([]);
    execFileSync('setfattr', ['-n', 'user.extension-release.strict', '-v', '0', join(dir, release)]);
    expect(accepted(readRoot(dir).discovery[257]).map((one) => one.name)).toEqual(['a']);
  });

  it('without getfattr the marks are unknown, and that is said', () => {
    const dir = system();
    const path = process.env['PATH'];
    process.env['PATH'] = join(dir, 'nothing');
    try {
      expect(existsSync(join(dir, 'nothing'))).toBe(false);
      expect(readRoot(dir).xattrs).toEqual({ known: false, why: 'getfattr is not installed (package attr)' });
    } finally {
      process.env['PATH'] = path;
    }
  });
});
