/** The kernel for tests, or why they are skipped. */
import { Kernel } from '../../src/live/kernel.ts';

export async function startedKernel(): Promise<{ readonly kernel: Kernel | null; readonly why: string }> {
  const kernel = await Kernel.start();
  return typeof kernel === 'string' ? { kernel: null, why: ` (skipped: ${kernel})` } : { kernel, why: '' };
}

/** The seed that was asked for; "random" is a new one, and without a wish it is always the same. Whoever uses it prints it. */
export function seedOf(asked: string | undefined): number {
  if (asked === undefined || asked === '') return 20_261_125;
  return asked === 'random' ? Math.floor(Math.random() * 2 ** 31) : Number(asked);
}
