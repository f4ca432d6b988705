/** Fixed names of systemd-sysext and systemd-confext. Source: sysext.c; what differs by class is in src/input/imageclass.ts. */

/** Where the private tmpfs of a merge is mounted. An unmerge uses the real directory of that name. `--root=` does not move it. */
export const WORKSPACE = '/run/systemd/sysext';
/** Where images are locked while somebody reads them. */
export const LOCKS = '/run/systemd/nspawn/locks';
/** Where the mutable directories are. Source: MUTABLE_EXTENSIONS_BASE_DIR. */
export const MUTABLE = '/var/lib/extensions.mutable';
/** The mutable directory of a hierarchy: /etc has /var/lib/extensions.mutable/etc; further slashes become dots. */
export const mutableDirectory = (h: string): string => `${MUTABLE}/${dotted(h)}`;
/** The work directory beside an upper directory. It has one fixed name per hierarchy. */
export const workName = (h: string): string => `.systemd-${dotted(h)}-workdir`;
/** Exit statuses of the merge child: MERGE_NOTHING_FOUND is 123, MERGE_SKIP_REFRESH 124. */
export const STATUS = { merged: 0, failed: 1, nothingFound: 123, skipped: 124 } as const;

/** A hierarchy in a file name. */
export const dotted = (h: string): string => h.slice(1).replaceAll('/', '.');
/** The directory that holds a name, with its slash. */
export const directoryOf = (path: string): string => path.slice(0, path.lastIndexOf('/') + 1);
