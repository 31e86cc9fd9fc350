import { GENERATED_KEYS, isGeneratedKey } from '../config/data-keys.js'
import type { Config, ConfigKey } from '../config/schema.js'
import { UserError } from '../errors.js'
import { allTasks, taskNamed } from './registry.js'
import type { Task } from './task.js'

/**
 * Rejects data keys that would have no effect: keys of another task, keys of generated puzzles beside a built data set,
 * and a task that cannot be generated.
 *
 * @throws UserError naming the key, and for an unknown task.
 */
export function checkDataKeys(config: Config): void {
  checkTaskKeys(config)
  if (config.data !== null || taskNamed(config.task).builder) return
  throw new UserError({
    where: 'key task',
    expected: `data=DIR beside ${config.task}`,
    found: 'no data: puzzles of no known task cannot be generated',
    exitCode: 2,
  })
}

/** Applies {@link checkDataKeys} to puzzles that already exist, so that the task need not have a generator. */
export function checkTaskKeys(config: Config): void {
  const task = taskNamed(config.task)
  for (const key of GENERATED_KEYS) {
    if (config[key] === null) continue
    if (config.data !== null)
      throw unused(key, `nothing, because data=${config.data} names existing puzzles`, config[key])
    if (!usesKey(task, key)) {
      throw unused(key, `a key of task=${task.name}`, `one of ${tasksWithKey(key).join(', ')}`)
    }
  }
  if (config.augment !== null && config.augment !== 0 && !task.augments)
    throw unused('augment', `nothing for task=${task.name}: the data set fixes how its puzzles vary`, config.augment)
  if (config.carryVotes && !task.votes)
    throw unused('carryVotes', `false: no votes are counted for task=${task.name}`, true)
}

/** Returns the names of the tasks whose generated data a configuration key is an option of. */
export function tasksWithKey(key: ConfigKey): string[] {
  return allTasks()
    .filter((task) => usesKey(task, key))
    .map(({ name }) => name)
}

function usesKey({ builder }: Task, key: ConfigKey): boolean {
  return builder !== null && isGeneratedKey(key) && builder.keys[key] !== undefined
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
