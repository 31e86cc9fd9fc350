import { isGeneratedKey } from '../config/data-keys.js'
import type { Preset } from '../config/paper-settings.js'
import { markedPreset, overlaid } from '../config/recursion-key.js'
import type { ConfigInput } from '../config/schema.js'
import { UserError } from '../errors.js'
import { didYouMean } from '../options/nearest.js'
import { allTasks } from './registry.js'

export type { Preset } from '../config/paper-settings.js'

/** Presets by name: TASK-SCALE, or TASK-MODEL-SCALE for a model other than TRM. */
export const presets: Readonly<Record<string, Preset>> = Object.fromEntries(
  allTasks().flatMap((task) =>
    Object.entries(task.presets ?? {}).map(([name, { summary, config }]) => [
      name,
      { summary, config: markedPreset(config) },
    ]),
  ),
)

/**
 * Returns a preset's configuration with changed keys. Changing `data` drops the preset's keys of generated puzzles,
 * because the named data set has its own; changing `recursion` drops T and n, which also `{ ...preset(name), recursion }` does.
 *
 * @throws UserError that suggests the nearest preset when there is none of that name.
 */
export function preset(name: string, changes: ConfigInput = {}): ConfigInput {
  const found = Object.hasOwn(presets, name) ? presets[name] : undefined
  if (found) {
    const kept = Object.entries(found.config).filter(([key]) => !(changes.data && isGeneratedKey(key)))
    const config = overlaid(Object.fromEntries(kept), changes)
    return changes.recursion ? config : markedPreset(config)
  }
  const near = didYouMean(name, Object.keys(presets))
  throw new UserError({
    where: 'preset',
    expected: `one of ${Object.keys(presets).join(', ')}`,
    found: name,
    ...(near ? { todo: near } : {}),
    exitCode: 2,
  })
}
