import { UserError } from '../../errors.js'
import type { ArcTask } from './check.js'
import { gridKey } from './grid.js'

/** A task whose training pairs hold a test pair of another task. */
export interface Twin {
  /** The task that would be trained on. */
  readonly task: string
  /** The task that is tested. */
  readonly tested: string
}

/**
 * Tasks whose trained pairs hold a test pair of another task: the same input and output, or the same input where the
 * answer is not known. Each once, in order.
 *
 * @param trained tasks and what of each trains
 * @param tested tasks whose test pairs are tested
 */
export function findTwins(
  trained: readonly { readonly task: ArcTask; readonly tested: boolean }[],
  tested: readonly ArcTask[],
): Twin[] {
  const inputs = new Map<string, { output: string | null; name: string }[]>()
  for (const { name, test } of tested)
    for (const { input, output } of test) {
      const key = gridKey(input)
      const same = inputs.get(key) ?? []
      same.push({ output: output && gridKey(output), name })
      inputs.set(key, same)
    }
  return trained.flatMap(({ task, tested: isTested }) => {
    const pairs = isTested ? task.train : [...task.train, ...task.test]
    for (const { input, output } of pairs) {
      const answer = output && gridKey(output)
      const twin = inputs
        .get(gridKey(input))
        ?.find(
          (other) => other.name !== task.name && (other.output === null || answer === null || other.output === answer),
        )
      if (twin) return [{ task: task.name, tested: twin.name }]
    }
    return []
  })
}

/**
 * The treatment of twins. A training task is left out (`skip`) or refused; a task that is tested itself cannot be left
 * out, so that it is refused either way; `keep` trains on them, as the published builder does.
 *
 * @returns names of the tasks to leave out
 * @throws UserError naming both tasks.
 */
export function judgeTwins(
  twins: readonly Twin[],
  how: 'skip' | 'refuse' | 'keep',
  isTested: (name: string) => boolean,
  where: string,
): ReadonlySet<string> {
  if (how === 'keep') return new Set()
  for (const { task, tested } of twins)
    if (how === 'refuse' || isTested(task))
      throw new UserError({
        where: `${where}, task ${task}`,
        expected: 'no test pair among the training pairs of another task',
        found: `one of ${tested}`,
        todo: isTested(task)
          ? 'Remove one of the two, or set twins=keep to train on it all the same.'
          : 'Set twins=skip to leave it out, or twins=keep to train on it all the same.',
      })
  return new Set(twins.map(({ task }) => task))
}
