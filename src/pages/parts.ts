/** What the machines of several pages are put together from: drawings, and calls that an administrator makes. */
import { MUTABLE } from '../../models/systemd/names.ts';
import { CLASSES, type ImageClass } from '../input/imageclass.ts';
import type { Call } from '../kernel/calls.ts';
import { parseTree } from '../kernel/notation.ts';
import type { PlainFs } from '../kernel/types.ts';

// ---- calls --------------------------------------------------------------------------------------------------------

export const EXTENSION = '/var/lib/confexts/a';
export const STAGED = '/var/lib/staged';
export const releaseOf = (name: string): string => `/etc/extension-release.d/extension-release.${name}`;

export const write = (path: string, data: string): Call => ({ op: 'write', path, data });
export const move = (from: string, to: string): Call => ({ op: 'rename', from, to });
export const make = (path: string): Call => ({ op: 'mkdirAll', path, mode: 0o755 });
export const link = (target: string, path: string): Call => ({ op: 'symlink', target, path });
export const tmpfs = (path: string): Call => ({ op: 'mount-tmpfs', path, mode: 0o755 });
export const bind = (from: string, path: string): Call => ({ op: 'mount-bind', from, path });
export const readonly = (path: string): Call => ({ op: 'mount-remount', path, flags: ['ro'], bind: true });

/** A second extension appears. */
export const INSTALL = move(`${STAGED}/b`, '/var/lib/confexts/b');
/** A tmpfs with a file, on a directory of the host. */
export const SUBMOUNT: readonly Call[] = [tmpfs('/etc/keys'), write('/etc/keys/key', 'secret')];
export const DIRECTORY: readonly Call[] = [make(`${MUTABLE}/etc`)];
/** A place where the administrator reaches the host's directory below the overlay. */
export const BARE: readonly Call[] = [
  make('/var/lib/bare'),
  bind('/etc', '/var/lib/bare'),
  { op: 'mount-propagation', path: '/var/lib/bare', to: 'private' },
];

/** The hierarchies that cases are about, and how the tool is told: /opt and /srv are not all that it would take. */
export function hierarchiesOf(imageClass: ImageClass) {
  const tops = { confext: ['/etc'], sysext: ['/opt', '/srv'] }[imageClass];
  return { tops, env: { [CLASSES[imageClass].env.hierarchies]: tops.join(':') } };
}

// ---- drawings -----------------------------------------------------------------------------------------------------

/** A drawing that begins with a line break, so many columns further in. */
export const indented = (text: string, depth: number): string => text.replaceAll('\n', `\n${' '.repeat(depth)}`);

/** A directory that fits every host, with some files below /etc. */
export const extension = (name: string, birth: number, files: string): string => `
${name}/ #${birth}
  etc/
    extension-release.d/
      extension-release.${name} "ID=_any\\n"${indented(`\n${files}`, 4)}`;

/** A machine for extensions with "a" there and "b" prepared, and a mutable directory. */
export const SMALL_ROOT = parseTree(`
etc/
  hostname "box"
  keys/
run/
usr/
  lib/
    os-release "ID=testos\\nVERSION_ID=1\\n"
var/
  lib/
    confexts/${indented(extension('a', 1, 'app.conf "a1"'), 6)}
    extensions.mutable/
      etc/
        local.conf "mine"
    staged/${indented(extension('b', 2, 'b.conf "b1"'), 6)}
`);

/** A machine with a system extension "s", which has two hierarchies. `lib` is what else is in /var/lib. */
export const rootWith = (lib: string): PlainFs =>
  parseTree(`
etc/
  hostname "box"
  keys/
opt/
  host "opt"
run/
srv/
  host "srv"
usr/
  lib/
    confexts/
    os-release "ID=testos\\nVERSION_ID=1\\n"
var/
  lib/
    extensions/
      s/ #5
        opt/
          tool "s1"
        srv/
          data "s1"
        usr/
          lib/
            extension-release.d/
              extension-release.s "ID=_any\\n"${indented(lib, 4)}
`);
