/** The kernel for tests, or why they are skipped. */
import { Kernel } from '../../src/live/kernel.ts';
import { type SystemdRoot, systemdRoots } from '../../src/live/systemdroots.ts';

export async function startedKernel(): Promise<{ readonly kernel: Kernel | null; readonly why: string }> {
  const kernel = await Kernel.start();
  return typeof kernel === 'string' ? { kernel: null, why: ` (skipped: ${kernel})` } : { kernel, why: '' };
}

/** The seed that was asked for; "random" is a new one, and without a wish it is always the same. Whoever uses it prints it. */
export function seedOf(asked: string | undefined): number {
  if (asked === undefined || asked === '') return 20_261_125;
  return asked === 'random' ? Math.floor(Math.random() * 2 ** 31) : Number(asked);
}

/** The kernel and the roots in which a real systemd runs, or why there is none. */
export async function startedSystemd(isKnown: (version: string) => boolean = () => true): Promise<{
  readonly kernel: Kernel | null;
  readonly roots: readonly SystemdRoot[];
  readonly why: string;
}> {
  const { kernel, why } = await startedKernel();
  if (kernel === null) return { kernel, roots: [], why };
  const found = await systemdRoots(kernel, isKnown);
  return { kernel, roots: found.roots, why: found.why.length === 0 ? '' : ` (skipped: ${found.why.join('; ')})` };
}
