import type { Dataset } from './dataset.js'

/**
 * Returns whether the answer of an example is known. The labels stored for a withheld one are a placeholder and carry no
 * information.
 */
export function answerIsKnown({ withheld }: Dataset, split: 'train' | 'test', example: number): boolean {
  return split === 'train' || withheld?.[example] !== 1
}
