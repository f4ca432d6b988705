/** The kernel for tests, or why they are skipped. */
import { Kernel } from '../../src/live/kernel.ts';

export async function startedKernel(): Promise<{ readonly kernel: Kernel | null; readonly why: string }> {
  const kernel = await Kernel.start();
  return typeof kernel === 'string' ? { kernel: null, why: ` (skipped: ${kernel})` } : { kernel, why: '' };
}

/** The seed that was asked for, or a new one; whoever uses it prints it. */
export const seedOf = (asked: string | undefined): number =>
  asked === undefined || asked === '' ? Math.floor(Math.random() * 2 ** 31) : Number(asked);
