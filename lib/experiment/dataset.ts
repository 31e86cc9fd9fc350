import { checkDataKeys } from '../config/data-keys.js'
import { parseConfig } from '../config/parse.js'
import type { Config, ConfigKey } from '../config/schema.js'
import { arc } from '../data/arc/index.js'
import type { Dataset, DatasetManifest } from '../data/dataset.js'
import { maze } from '../data/maze/index.js'
import { loadDataset } from '../data/store.js'
import { sudoku } from '../data/sudoku/index.js'
import { UserError } from '../errors.js'

/** Puzzles generated when nothing is said. */
const [TRAIN, TEST] = [200, 300]

/** Which option of a generated data set each key of the configuration is. */
const OPTIONS = {
  sudoku: { box: 'box', clues: 'clues', trainPuzzles: 'train', testPuzzles: 'test', dataSeed: 'seed' },
  maze: { size: 'size', minPath: 'minPath', trainPuzzles: 'train', testPuzzles: 'test', dataSeed: 'seed' },
  arc: { size: 'board', versions: 'augment', trainPuzzles: 'train', testPuzzles: 'test', dataSeed: 'seed' },
} as const satisfies Record<string, { readonly [K in ConfigKey]?: string }>

/**
 * The data a configuration names: the built data set of `data`, else puzzles generated from its own keys.
 *
 * @throws UserError when the folder is missing, damaged or of another task.
 */
export async function datasetOf(config: Config): Promise<Dataset> {
  if (config.data !== null) return checkTask(loadDataset(config.data), config, config.data)
  checkDataKeys(config)
  const counts = {
    train: config.trainPuzzles ?? TRAIN,
    test: config.testPuzzles ?? TEST,
    seed: config.dataSeed ?? 0,
  }
  switch (config.task) {
    case 'maze':
      return maze({ ...counts, size: config.size ?? undefined, minPath: config.minPath ?? undefined })
    case 'arc':
      return arc({
        ...counts,
        set: 'generated',
        board: config.size ?? undefined,
        augment: config.versions ?? undefined,
      })
    default:
      return sudoku({ ...counts, box: config.box ?? '2x2', clues: config.clues ?? undefined })
  }
}

/**
 * A configuration whose data keys say what the data set is: its task, and for generated puzzles what they were made
 * of, so that the run's record is enough to make them again. The data set wins over keys that say otherwise.
 */
export function withDataKeys(config: Config, manifest: DatasetManifest): Config {
  const { task, source, options } = manifest
  const known = { ...config, task: task as Config['task'] }
  if (source.kind !== 'generated' || config.data !== null || !Object.hasOwn(OPTIONS, task)) return parseConfig(known)
  const made = Object.entries(OPTIONS[task as keyof typeof OPTIONS]).map(([key, option]) => [
    key,
    options[option] ?? null,
  ])
  return parseConfig({ ...known, ...Object.fromEntries(made) })
}

function checkTask(data: Dataset, { task }: Config, dir: string): Dataset {
  if (data.manifest.task === task) return data
  throw new UserError({
    where: dir,
    expected: `a data set of task=${task}`,
    found: `one of task=${data.manifest.task}`,
    todo: 'Choose a preset of that task, or another folder with data=DIR.',
    exitCode: 2,
  })
}
