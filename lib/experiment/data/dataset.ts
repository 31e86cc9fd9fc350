import { GENERATED_KEYS } from '../../config/data-keys.js'
import { effectiveConfig } from '../../config/effective.js'
import { parseConfig } from '../../config/parse.js'
import type { Config, ConfigInput, ConfigKey } from '../../config/schema.js'
import type { Dataset, DatasetManifest } from '../../data/dataset.js'
import { unlimitedVersions } from '../../data/pool.js'
import { UserError } from '../../errors.js'
import { pathToKeep } from '../../files/places.js'
import { loadDataset } from '../../storage/store.js'
import { checkDataKeys, checkTaskKeys } from '../../tasks/data-keys.js'
import { findTask, taskNamed } from '../../tasks/registry.js'
import { withShownProgress } from './make-data.js'

/** Defaults for keys of generated data that are missing from the configuration and from the task's options. */
const DEFAULTS: { readonly [K in ConfigKey]?: Config[K] } = { trainPuzzles: 200, testPuzzles: 300, dataSeed: 0 }

/**
 * Returns the data set of a configuration: the built one in `data`, else puzzles generated from its keys.
 *
 * @throws UserError if the folder is missing, damaged or of another task, and for an unknown task.
 */
export async function datasetOf(config: Config): Promise<Dataset> {
  const task = taskNamed(config.task)
  if (config.data !== null) return checkTask(loadDataset(config.data), config, config.data)
  checkDataKeys(config)
  const { builder } = task
  if (!builder) throw new RangeError(`task ${task.name} has no builder`)
  const asked = Object.entries(builder.keys).flatMap(([key, option]) => {
    const value = config[key as ConfigKey] ?? DEFAULTS[key as ConfigKey] ?? null
    return value === null ? [] : [[option, value] as const]
  })
  return withShownProgress((make) => builder.build({ ...builder.fixed, ...Object.fromEntries(asked) }, make))
}

/**
 * Returns the configuration of a run on a data set, with every default filled in and the keys that generate the data set.
 * The run's record holds it, so the record alone reproduces data and run.
 *
 * @param input as the user wrote it
 * @throws UserError for an invalid key, one without effect, or one that contradicts the data set.
 */
export function runConfig(input: ConfigInput, data: Dataset): Config {
  const { manifest } = data
  const asked = parseConfig(input)
  checkTaskKeys(input.task === undefined ? { ...asked, task: manifest.task } : asked)
  checkAgree(input, asked, manifest)
  const known = effectiveConfig(withDataKeys(asked, manifest))
  const fresh = known.augment === null && unlimitedVersions(data)
  return fresh ? { ...known, augment: 'fresh' } : known
}

/**
 * Returns a configuration with the data keys of a data set: its task, and for generated puzzles the keys that generate
 * them.
 */
export function withDataKeys(config: Config, manifest: DatasetManifest): Config {
  return parseConfig({
    ...config,
    task: manifest.task,
    ...(config.data === null ? madeOf(manifest) : { data: pathToKeep(config.data) }),
  })
}

/** Returns the keys that generated a data set's puzzles; none for other data sets. */
function madeOf({ task, source, options }: DatasetManifest): Readonly<Partial<Record<ConfigKey, unknown>>> {
  const keys = source.kind === 'generated' ? findTask(task)?.builder?.keys : undefined
  return Object.fromEntries(Object.entries(keys ?? {}).map(([key, option]) => [key, options[option] ?? null]))
}

/** Refuses data keys that contradict the data set, since they would have no effect. */
function checkAgree(input: ConfigInput, asked: Config, manifest: DatasetManifest): void {
  if (input.task !== undefined && asked.task !== manifest.task) throw disagrees('task', manifest.task, asked.task)
  const made = madeOf(manifest)
  for (const key of GENERATED_KEYS)
    if (asked[key] !== null && asked[key] !== (made[key] ?? null)) throw disagrees(key, made[key] ?? null, asked[key])
}

function disagrees(key: ConfigKey, found: unknown, asked: unknown): UserError {
  return new UserError({
    where: `key ${key}`,
    expected:
      found === null ? 'no such key, since the given data set does not have it' : `${found}, as in the given data set`,
    found: String(asked),
    todo: 'Omit the key; or omit the data set, which is then made from the configuration.',
    exitCode: 2,
  })
}

function checkTask(data: Dataset, { task }: Config, dir: string): Dataset {
  if (data.manifest.task === task) return data
  throw new UserError({
    where: dir,
    expected: `a data set of task=${task}`,
    found: `one of task=${data.manifest.task}`,
    todo: 'Choose a preset of that task, or another data set with data=DIR.',
    exitCode: 2,
  })
}
