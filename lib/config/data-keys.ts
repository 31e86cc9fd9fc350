import { UserError } from '../errors.js'
import type { Config, ConfigKey } from './schema.js'

/** Keys that say what is generated, and for which tasks. */
const GENERATED = {
  box: ['sudoku'],
  clues: ['sudoku'],
  size: ['maze', 'arc'],
  minPath: ['maze'],
  versions: ['arc'],
  trainPuzzles: ['sudoku', 'maze', 'arc'],
  testPuzzles: ['sudoku', 'maze', 'arc'],
  dataSeed: ['sudoku', 'maze', 'arc'],
} as const satisfies { readonly [K in ConfigKey]?: readonly Config['task'][] }

/** Whether a key says what is generated. */
export function isGeneratedKey(key: string): boolean {
  return Object.hasOwn(GENERATED, key)
}

/** Whether a key says which puzzles there are: `task`, `data`, or what is generated. */
export function isDataKey(key: string): boolean {
  return key === 'task' || key === 'data' || isGeneratedKey(key)
}

/**
 * Refuses keys of the data that would have no effect: those of another task, those of generated puzzles beside a built
 * data set, and a task that cannot be generated.
 *
 * @throws UserError naming the key.
 */
export function checkDataKeys(config: Config): void {
  checkTaskKeys(config)
  if (config.task === 'tokens' && config.data === null)
    throw new UserError({
      where: 'key task',
      expected: 'data=DIR beside tokens',
      found: 'no data: puzzles of no known task cannot be generated',
      exitCode: 2,
    })
}

/** {@link checkDataKeys} where the puzzles are there: whether they can be generated does not matter. */
export function checkTaskKeys(config: Config): void {
  for (const [key, tasks] of Object.entries(GENERATED) as [keyof typeof GENERATED, readonly string[]][]) {
    if (config[key] === null) continue
    if (config.data !== null)
      throw unused(key, `nothing, as data=${config.data} names puzzles that are there`, config[key])
    if (!tasks.includes(config.task)) throw unused(key, `a key of task=${config.task}`, `one of ${tasks.join(', ')}`)
  }
  if (config.augment !== null && config.augment !== 0 && config.task !== 'sudoku')
    throw unused('augment', `nothing for task=${config.task}: the data set says how its puzzles vary`, config.augment)
  if (config.carryVotes && config.task !== 'arc') throw unused('carryVotes', 'false: only ARC counts votes', true)
}

function unused(key: ConfigKey, expected: string, found: unknown): UserError {
  return new UserError({
    where: `key ${key}`,
    expected,
    found: String(found),
    todo: 'Leave it out, or set it to null.',
    exitCode: 2,
  })
}
