import { UserError } from '../../errors.js'
import { nearest } from '../nearest.js'
import type { ConfigInput } from '../schema.js'
import { arcPresets } from './arc.js'
import { mazePresets } from './maze.js'
import type { Preset } from './preset.js'
import { sudokuPresets } from './sudoku.js'

export type { Preset } from './preset.js'

/** Every preset by its name TASK-SCALE, or TASK-MODEL-SCALE where the model is not the TRM. */
export const presets: Readonly<Record<string, Preset>> = { ...sudokuPresets, ...mazePresets, ...arcPresets }

/** A preset's configuration. @throws UserError naming the nearest preset when there is none of that name. */
export function preset(name: string): ConfigInput {
  const found = Object.hasOwn(presets, name) ? presets[name] : undefined
  if (found) return found.config
  const near = nearest(name, Object.keys(presets))
  throw new UserError({
    where: 'preset',
    expected: `one of ${Object.keys(presets).join(', ')}`,
    found: name,
    ...(near ? { todo: `Did you mean ${near}?` } : {}),
    exitCode: 2,
  })
}
