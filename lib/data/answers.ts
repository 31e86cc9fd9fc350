import { type Dataset, runAt } from './dataset.js'

const answers = new WeakMap<Dataset, Uint8Array | null>()

/**
 * Returns whether the answer of an example is known. Answers of ARC test tasks may be withheld, as in a competition;
 * the labels stored for them are then the published builder's placeholder and carry no information.
 */
export function answerIsKnown(data: Dataset, split: 'train' | 'test', example: number): boolean {
  if (split === 'train') return true
  if (!answers.has(data)) answers.set(data, unknownAnswers(data))
  return answers.get(data)?.[example] !== 1
}

/** Marks the test examples without a known answer: `[N]`, 1 where it is unknown; null when every answer is known. */
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
