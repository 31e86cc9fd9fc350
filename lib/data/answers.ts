import { type Dataset, runAt } from './dataset.js'

const answers = new WeakMap<Dataset, Uint8Array | null>()

/**
 * Whether the answer of an example is known. Those of ARC's test tasks may not be, as in a competition; what the split holds as
 * their labels is then the published builder's placeholder, and says nothing.
 */
export function answerIsKnown(data: Dataset, split: 'train' | 'test', example: number): boolean {
  if (split === 'train') return true
  if (!answers.has(data)) answers.set(data, unknownAnswers(data))
  return answers.get(data)?.[example] !== 1
}

/** `[N]` of the test split, 1 where the answer is not known; null where all are known. */
function unknownAnswers({ test, testTasks, identifiers }: Dataset): Uint8Array | null {
  const tasks = new Map((testTasks ?? []).map(({ name, pairs }) => [name, pairs]))
  if (![...tasks.values()].some((pairs) => pairs.some(({ output }) => output === null))) return null
  const unknown = new Uint8Array(test.count)
  for (let example = 0; example < test.count; example++) {
    const first = test.puzzleStarts[runAt(test.puzzleStarts, example)]!
    // A version's name begins with its task's.
    const [task = ''] = identifiers.name(test.puzzleIds[example]!).split('|||', 1)
    if (tasks.get(task)?.[example - first]?.output === null) unknown[example] = 1
  }
  return unknown
}
