import { UserError } from '../lib/errors.js'
import { didYouMean } from '../lib/options/nearest.js'

/** Returns the names in `only`, or all names. @throws UserError (exit code 2) for an unknown one */
export function chosenNames(only: readonly string[] | undefined, all: readonly string[]): readonly string[] {
  const unknown = only?.find((name) => !all.includes(name))
  if (unknown === undefined) return only ?? all
  const near = didYouMean(unknown, all)
  throw new UserError({
    where: 'key only',
    expected: `some of ${all.join(', ')}`,
    found: unknown,
    ...(near ? { todo: near } : {}),
    exitCode: 2,
  })
}
