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

/** Values of keys of generated data that are left open, where a task's own options have other defaults. */
const DEFAULTS: { readonly [K in ConfigKey]?: Config[K] } = { trainPuzzles: 200, testPuzzles: 300, dataSeed: 0 }

/**
 * The data a configuration names: the built data set of `data`, else puzzles generated from its own keys.
 *
 * @throws UserError when the folder is missing, damaged or of another task, and for a task that is not known.
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
 * The configuration of a run on a data set, with every value that is used and the keys of what the data set was made of:
 * what the run's record holds, so that it is enough to make data and run again.
 *
 * @param input as the user wrote it
 * @throws UserError for a wrong key, one that would have no effect, or one that says other than the data set that is given.
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
 * A configuration whose data keys say what the data set is: its task, and for generated puzzles what they were made of.
 */
export function withDataKeys(config: Config, manifest: DatasetManifest): Config {
  return parseConfig({
    ...config,
    task: manifest.task,
    ...(config.data === null ? madeOf(manifest) : { data: pathToKeep(config.data) }),
  })
}

/** The keys that generated puzzles were made of; none for others. */
function madeOf({ task, source, options }: DatasetManifest): Readonly<Partial<Record<ConfigKey, unknown>>> {
  const keys = source.kind === 'generated' ? findTask(task)?.builder?.keys : undefined
  return Object.fromEntries(Object.entries(keys ?? {}).map(([key, option]) => [key, options[option] ?? null]))
}

/** Keys of the data that say other than the data set would be without effect. */
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
