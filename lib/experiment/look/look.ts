import path from 'node:path'
import { startBackend } from '../../backend/index.js'
import { resolveConfig } from '../../config/resolved.js'
import type { Dataset } from '../../data/dataset.js'
import type { ExampleChoice } from '../../data/example.js'
import { UserError } from '../../errors.js'
import { disposeModel, type Model } from '../../model/model.js'
import { stacks } from '../../model/shape.js'
import { parseOptions } from '../../options/options.js'
import type { PosedPuzzle } from '../../tasks/posed.js'
import { recordInside } from '../../think/inside.js'
import type { InsideSettings } from '../../think/inside-state.js'
import { mapsMeaning } from '../../think/token-maps.js'
import { datasetOf } from '../data/dataset.js'
import { onForcedStop, stoppable } from '../run/stop.js'
import { checkFinite, modelOfWeights, openWeights, type WeightsOptions } from '../run/weights.js'
import { openPuzzle, puzzleBatch } from '../solve/solve.js'
import { type ThinkingModel, weightsName } from '../think/options.js'
import { Looked } from './looked.js'
import { type LookSettings, lookOptions } from './options.js'
import { posedExample } from './posed-example.js'

/** Options of {@link look}. */
export interface LookOptions extends WeightsOptions, LookSettings {
  /** The data set of an example; also names the puzzle identifiers. Default: the one that the weights were trained on. */
  readonly data?: Dataset
  /** Index of the test input of an ARC task, or of the line of a file of puzzles, from 0. */
  readonly input?: number
  /** Name of the ARC task, if a file has several, or is not named after its identifier. */
  readonly task?: string
  /** When aborted, the recording ends with an error. Default: aborted when the user stops the notebook cell. */
  readonly signal?: AbortSignal
}

/** Characters of all maps of a recording together. */
const MOST_MAP_CHARACTERS = 250_000
const MOST_SOURCES = 8

/**
 * Records a model on one puzzle, and returns the recording: shown in a cell it is a player. The model is computed in
 * float32.
 *
 * @param runOrFile a file (official ones too); else a run, its folder, its ID or a prefix of it, or a name of shipped weights
 * @param puzzle a puzzle in the format of the weights' task (as for `solve`) or a file with one; or an example of the data
 * set, e.g. `{ split: 'test', example: 3 }`
 * @example
 * await look('sudoku-6x6', { example: 3 }, { depth: 32, rollouts: 8, noise: 0.3 })
 * @throws UserError if the weights cannot be read, an option is wrong, or the puzzle does not fit the model.
 */
export async function look(
  runOrFile: ThinkingModel,
  puzzle: string | ExampleChoice,
  options: LookOptions = {},
): Promise<Looked> {
  const { depth: asked, rollout, maps, ...settings } = parseOptions(lookOptions, settingsOf(options), 'look')
  if (rollout >= settings.rollouts)
    throw new UserError({
      where: 'key rollout',
      expected: `0 to ${settings.rollouts - 1}, one of the ${settings.rollouts} rollouts`,
      found: String(rollout),
      exitCode: 2,
    })
  if (typeof puzzle !== 'string' && (typeof puzzle !== 'object' || puzzle === null))
    throw new UserError({
      where: 'look, puzzle',
      expected: 'the text of a puzzle, a file, or an example of the data set',
      found: String(puzzle),
      ...(typeof puzzle === 'number' ? { todo: `Did you mean { example: ${puzzle} }?` } : {}),
      exitCode: 2,
    })
  const weights = weightsName(runOrFile, 'look')
  const opened =
    typeof puzzle === 'string' ? await fromText(weights, puzzle, options) : await fromData(weights, puzzle, options)
  const { posed, model, name, notes } = opened
  const release = onForcedStop(() => disposeModel(model))
  try {
    const depth = asked ?? opened.depth
    const mapCount = depth * 2 * Math.max(...stacks(model.shape).map(({ layers }) => layers))
    const perCell = Math.floor(MOST_MAP_CHARACTERS / (3 * mapCount * posed.input.length))
    const sources = maps ? Math.max(1, Math.min(MOST_SOURCES, perCell)) : 0
    const inside: InsideSettings = { ...settings, depth, puzzle: opened.key, watched: rollout, sources }
    const batch = puzzleBatch(posed.input, opened.puzzleId)
    return new Looked({
      puzzle: posed,
      inside: await stoppable(options.signal, ({ signal }) => recordInside(model, batch, inside, signal)),
      title: name,
      settings: wordsOf(inside).join(' · '),
      notes,
      mapMeaning: maps ? mapsMeaning(model.shape) : null,
    })
  } finally {
    release()
    disposeModel(model)
  }
}

/** A model and what it is to look at. */
interface Opened {
  readonly posed: PosedPuzzle
  readonly puzzleId: number
  readonly key: InsideSettings['puzzle']
  readonly model: Model
  readonly name: string
  readonly notes: readonly string[]
  /** The configuration's supervision steps in evaluation. */
  readonly depth: number
}

async function fromText(runOrFile: string, puzzle: string, options: LookOptions): Promise<Opened> {
  const { posed, file, config, identifier, notes, model } = await openPuzzle('look', runOrFile, puzzle, options)
  const name = [posed.spec.task, posed.name, file.run ?? path.basename(runOrFile)].filter(Boolean).join(' · ')
  const depth = resolveConfig(config).evaluation.evalSupervisionSteps
  return { posed, puzzleId: identifier.id, key: ['text', 0, 0], model: model(), name, notes, depth }
}

async function fromData(runOrFile: string, choice: ExampleChoice, options: LookOptions): Promise<Opened> {
  const { file, config } = await openWeights(
    runOrFile,
    options,
    (name) => `look('${name}', ${JSON.stringify(choice)}, `,
  )
  for (const key of ['input', 'task'] as const)
    if (options[key] !== undefined)
      throw new UserError({
        where: `key ${key}`,
        expected: 'nothing, as it would have no effect: the puzzle is an example of a data set',
        found: String(options[key]),
        todo: 'Leave it out.',
        exitCode: 2,
      })
  await startBackend()
  const data = options.data ?? (await datasetOf(config))
  const { posed, puzzleId, key, name } = posedExample(data, choice)
  checkFinite(file, file.tensors)
  const { model, notes } = modelOfWeights(file, data.manifest)
  return {
    posed,
    puzzleId,
    key,
    model,
    name: [data.manifest.task, name, file.run ?? path.basename(runOrFile)].join(' · '),
    notes: [...file.notes, ...notes],
    depth: resolveConfig(config).evaluation.evalSupervisionSteps,
  }
}

const SETTINGS = Object.keys(lookOptions.shape)
const OTHERS: readonly (keyof LookOptions)[] = [
  'resultsDir',
  'weights',
  'checkpoint',
  'configFile',
  'mixer',
  'data',
  'input',
  'task',
  'signal',
]

/** Returns the options that the schema checks: its own, and unknown ones. */
function settingsOf(options: LookOptions): Record<string, unknown> {
  const isOther = (key: string): boolean => !SETTINGS.includes(key) && (OTHERS as readonly string[]).includes(key)
  return Object.fromEntries(Object.entries(options).filter(([key, value]) => value !== undefined && !isOther(key)))
}

/** Describes rollouts that are not the model's ordinary one. */
function wordsOf({ rollouts, watched, noise, target, noiseAt, init, initStd }: InsideSettings): string[] {
  const place = noiseAt === 'call' ? 'in every call' : `on ${target === 'both' ? 'y and z' : target}`
  return [
    ...(rollouts > 1 ? [`rollout ${watched} of ${rollouts}`] : []),
    ...(noise > 0 ? [`noise ${noise} ${place}`] : []),
    ...(init === 'random' ? [`random start, std ${initStd}`] : []),
  ]
}
