import { type Identifiers, runAt, type Split, type TestTask } from '../../data/dataset.js'
import { parseVersionName } from './version.js'

/**
 * Returns which test examples have a withheld answer, as in a competition: `[N]`, 1 for such an example; null when every
 * answer is known. The label stored for it is the published builder's placeholder.
 */
export function withheldAnswers(
  test: Split,
  identifiers: Identifiers,
  testTasks: readonly TestTask[],
): Uint8Array | null {
  const tasks = new Map(testTasks.map(({ name, pairs }) => [name, pairs]))
  if (![...tasks.values()].some((pairs) => pairs.some(({ output }) => output === null))) return null
  return Uint8Array.from({ length: test.count }, (_, example) => {
    const first = test.puzzleStarts[runAt(test.puzzleStarts, example)]!
    const id = test.puzzleIds[example]!
    const { task } = parseVersionName(identifiers.name(id), `identifier ${id}`)
    return tasks.get(task)?.[example - first]?.output === null ? 1 : 0
  })
}
