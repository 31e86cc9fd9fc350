import { checkDataKeys, checkTaskKeys, isGeneratedKey } from '../../config/data-keys.js'
import { effectiveConfig } from '../../config/effective.js'
import { parseConfig } from '../../config/parse.js'
import type { Config, ConfigInput, ConfigKey } from '../../config/schema.js'
import type { Dataset, DatasetManifest } from '../../data/dataset.js'
import { unlimitedVersions } from '../../data/pool.js'
import { UserError } from '../../errors.js'
import { pathToKeep } from '../../files/places.js'
import { loadDataset } from '../../storage/store.js'
import { arc, maze, sudoku } from './make-data.js'

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
 * The configuration of a run on a data set, with every value that is used and the keys of what the data set was made of:
 * what the run's record holds, so that it is enough to make data and run again.
 *
 * @param input as the user wrote it
 * @throws UserError for a wrong key, one that would have no effect, or one that says other than the data set that is given.
 */
export function runConfig(input: ConfigInput, data: Dataset): Config {
  const { manifest } = data
  const asked = parseConfig(input)
  checkTaskKeys(input.task === undefined ? { ...asked, task: manifest.task as Config['task'] } : asked)
  checkAgree(input, asked, manifest)
  const known = effectiveConfig(withDataKeys(asked, manifest))
  const fresh = known.augment === null && known.task === 'sudoku' && unlimitedVersions(data)
  return fresh ? { ...known, augment: 'fresh' } : known
}

/**
 * A configuration whose data keys say what the data set is: its task, and for generated puzzles what they were made of.
 */
export function withDataKeys(config: Config, manifest: DatasetManifest): Config {
  return parseConfig({
    ...config,
    task: manifest.task as Config['task'],
    ...(config.data === null ? madeOf(manifest) : { data: pathToKeep(config.data) }),
  })
}

/** The keys that generated puzzles were made of; none for others. */
function madeOf({ task, source, options }: DatasetManifest): Readonly<Partial<Record<ConfigKey, unknown>>> {
  if (source.kind !== 'generated' || !Object.hasOwn(OPTIONS, task)) return {}
  const made = Object.entries(OPTIONS[task as keyof typeof OPTIONS])
  return Object.fromEntries(made.map(([key, option]) => [key, options[option] ?? null]))
}

/** Keys of the data that say other than the data set would be without effect. */
function checkAgree(input: ConfigInput, asked: Config, manifest: DatasetManifest): void {
  if (input.task !== undefined && asked.task !== manifest.task) throw disagrees('task', manifest.task, asked.task)
  const made = madeOf(manifest)
  for (const key of Object.keys(asked).filter(isGeneratedKey) as ConfigKey[])
    if (asked[key] !== null && asked[key] !== (made[key] ?? null)) throw disagrees(key, made[key] ?? null, asked[key])
}

function disagrees(key: ConfigKey, found: unknown, asked: unknown): UserError {
  return new UserError({
    where: `key ${key}`,
    expected:
      found === null
        ? 'nothing, as the data set that is given says nothing of it'
        : `${found}, as the data set that is given has it`,
    found: String(asked),
    todo: 'Leave the key out; or leave the data set out, and it is made as the configuration says.',
    exitCode: 2,
  })
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
