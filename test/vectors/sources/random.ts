/** What chance comes to: every kind of layer, op, caller and mount option of the live comparison. */
import fc from 'fast-check';
import { drafts } from '../../live/drafts.ts';

export const RANDOM = fc
  .sample(drafts(), { seed: 23, numRuns: 120 })
  .map((draft, index) => ({ ...draft, name: `random-${index + 1}` }));
