/** The marker directory of a merged hierarchy. Source: sysext.c store_info_in_meta(). */
import type { Program } from '../../src/program/linux.ts';
import { must, yes } from './call.ts';
import type { Image } from './discovery.ts';
import { classOf, type Invocation } from './invocation.ts';
import type { Layout } from './mutable.ts';
import { WORKSPACE } from './names.ts';

/** M7d: the marker files, written into a layer below the live overlay, in the order of sysext.c. */
export function* writeDotDir(
  run: Invocation,
  plan: Layout,
  h: string,
  extensions: readonly Image[],
  origin: string,
): Program {
  const { dotDir, listFile } = classOf(run);
  const dir = `${WORKSPACE}/meta${h}/${dotDir}`;
  yield* must('M7d', { op: 'mkdirAll', path: dir, mode: 0o755 });
  // The list has every accepted extension, also those that contribute nothing to this hierarchy.
  const list = extensions.map(({ name }) => `${name}\n`).join('');
  yield* must('M7d', { op: 'write', path: `${dir}/${listFile}`, data: list });
  if (run.systemd.skip) yield* must('M7d', { op: 'write', path: `${dir}/origin`, data: origin });
  yield* must('M7d', { op: 'write', path: `${dir}/dev`, data: { deviceOf: plan.at } });
  if (plan.recordWork && plan.work !== null) {
    const recorded = plan.work.path.slice(run.root.length).replace(/^\//, '');
    yield* must('M7d', { op: 'write', path: `${dir}/work_dir`, data: recorded });
  }
  if (run.systemd.backingFile && plan.host !== null && (yield* yes('M7d', 'block-device', plan.host))) {
    yield* must('M7d', { op: 'write', path: `${dir}/backing`, data: { deviceOf: plan.host } });
  }
}
