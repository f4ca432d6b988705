import { conformFiles } from '../conform/conform.ts';
import { EXIT, type Output, options, UsageError } from './usage.ts';

/** `conform FILE...`: recorded vectors against the model. */
export function conform(args: readonly string[], out: Output): number {
  const { positionals } = options(args, {});
  if (positionals.length === 0)
    throw new UsageError('conform takes files of vectors, or directories of unionmount traces');
  const { lines, failed } = conformFiles(positionals);
  for (const line of lines) out.print(line);
  return failed === 0 ? EXIT.expected : EXIT.unexpected;
}
