import { UserError } from '../errors.js'
import { didYouMean } from '../options/nearest.js'
import type { Dataset, Split } from './dataset.js'

const NAMES = ['train', 'test'] as const

/** Returns a split of a data set by its name. @throws UserError (exit code 2) for any other name. */
export function splitNamed(data: Pick<Dataset, 'train' | 'test'>, name: 'train' | 'test'): Split {
  if (NAMES.includes(name)) return data[name]
  const near = didYouMean(String(name), NAMES)
  throw new UserError({
    where: 'option split',
    expected: NAMES.join(' or '),
    found: String(name),
    ...(near === undefined ? {} : { todo: near }),
    exitCode: 2,
  })
}
