/** The bundled scenarios, in the order in which `list` shows them. */
import type { Scenario } from '../scenario.ts';
import { scenario as bothClasses } from './both-classes.ts';
import { scenario as failedRefresh } from './failed-refresh.ts';
import { scenario as firstMerge } from './first-merge.ts';
import { scenario as flatcarBoot } from './flatcar-boot.ts';
import { scenario as otherNamespaces } from './other-namespaces.ts';
import { scenario as parallelRuns } from './parallel-runs.ts';
import { scenario as refreshWhileReading } from './refresh-while-reading.ts';
import { scenario as windowWrite } from './window-write.ts';

export const SCENARIOS: readonly Scenario[] = [
  flatcarBoot,
  refreshWhileReading,
  firstMerge,
  failedRefresh,
  windowWrite,
  parallelRuns,
  otherNamespaces,
  bothClasses,
];
