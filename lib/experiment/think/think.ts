import path from 'node:path'
import { startBackend } from '../../backend/index.js'
import { fastPath } from '../../backend/kernels.js'
import { isFunctionRecord } from '../../config/functions.js'
import { resolveConfig } from '../../config/resolved.js'
import type { Config } from '../../config/schema.js'
import type { Dataset } from '../../data/dataset.js'
import { countEvaluated } from '../../data/evaluation-batches.js'
import { Interrupted, UserError } from '../../errors.js'
import { sha256 } from '../../files/atomic.js'
import { needSpace } from '../../files/space.js'
import { stepMacs } from '../../model/macs.js'
import { disposeModel, type Model } from '../../model/model.js'
import { hashWeights } from '../../model/weights-hash.js'
import { currentHost } from '../../notebook/host.js'
import { openMeter } from '../../notebook/progress-meter.js'
import { type RecordingFacts, type RecordingHeader, recordingIdentity } from '../../recording/facts.js'
import { Recorder } from '../../recording/recorder.js'
import { chooser } from '../../recording/selectors.js'
import { currentCode } from '../../results/code.js'
import type { StoredWeights } from '../../results/weights-file.js'
import { criteriaOf } from '../../tasks/registry.js'
import { rolloutSteps } from '../../think/rollouts.js'
import { type RolloutSettings, rolloutSettings, settingsWithoutEffect } from '../../think/settings.js'
import type { StepMeasures } from '../../think/step-measures.js'
import { datasetOf } from '../data/dataset.js'
import { rolloutRows } from '../estimate/memory.js'
import { outOfMemory } from '../estimate/out-of-memory.js'
import { dtypeOrFloat32 } from '../run/dtype.js'
import { stoppable } from '../run/stop.js'
import { modelOfWeights, openWeights } from '../run/weights.js'
import { FirstAnswers, FLOOR_PUZZLES, numericFloor, writeFloor } from './floor.js'
import { dataAndOptions, rolloutPart, type ThinkingModel, type ThinkOptions, weightsName } from './options.js'
import { newRecordingFolder, recordingsFolder } from './recordings.js'
import { openRecording, PLAIN, type RolloutRecording } from './rollout-recording.js'
import { type Subset, subsetOf } from './subset.js'

/** Bytes of a row of a recording, at most, without kept answers. */
const ROW_BYTES = 45

/**
 * Lets a trained model think longer: D supervision steps in K rollouts of every puzzle, with noise in the latents (PTRM, arXiv
 * 2605.19943), random initial latents (EqR, arXiv 2605.21488), relabelled inputs or damping; and records every rollout after every
 * step. The recording answers any question about selectors, smaller K and smaller D.
 *
 * A seed gives the same answers whatever the batch, the number of threads and the order of the puzzles. In a notebook
 * it shows its progress; when stopped, the recording keeps the puzzles that are complete.
 *
 * @param runOrFile a run, its ID or a prefix of it, its folder, a file of weights (official ones too), or the name of shipped
 * weights
 * @param data default: the data set of the weights
 * @returns the recording, stored in `results/recordings`
 * @example
 * const recording = await think('sudoku-6x6', { depth: 32, rollouts: 16, noise: 0.3, puzzles: 200 })
 * show(recording)
 * show(recording.curve({ x: 'rollouts', select: ['q', 'vote', 'oracle'] }))
 * @throws UserError for a wrong option, weights that do not fit the data, and rollouts that do not fit in memory or on disk;
 * Interrupted if it is stopped.
 */
export async function think(
  runOrFile: ThinkingModel,
  data?: Dataset | ThinkOptions,
  options?: ThinkOptions,
): Promise<RolloutRecording>
export async function think(
  runOrFile: ThinkingModel,
  dataOrOptions?: Dataset | ThinkOptions,
  given?: ThinkOptions,
): Promise<RolloutRecording> {
  const name = weightsName(runOrFile)
  const { data: givenData, options } = dataAndOptions(dataOrOptions, given)
  const asked = rolloutPart(options)
  // Wrong values are reported before weights and data are read.
  checkFloor(options.floor, rolloutSettings(asked))
  const { file, config } = await openWeights(name, options, (weights) => `think('${weights}', `)
  const resolved = resolveConfig(config)
  const data = givenData ?? (await dataOf(file, config))
  const subset = subsetOf(data, options.puzzles, options.split)
  const settings = rolloutSettings(asked, resolved.evaluation.evalSupervisionSteps)
  checkSelectors(options.select, data, settings)
  await startBackend()
  return stoppable(options.signal, async ({ signal }) => {
    const { dtype, note } = dtypeOrFloat32(options.dtype ?? 'float32', config.mixer)
    const { model: stored, notes } = modelOfWeights(file, data.manifest, options.puzzleEmbedding)
    const model = stored.with({ dtype })
    try {
      const { rows } = rolloutRows(model, settings.batch)
      const versions = options.versions ?? resolved.evaluation.evalVersions ?? undefined
      const perPuzzle = countEvaluated(data, { split: subset.split, versions }) / data[subset.split].count
      const moved = givenData === undefined && file.dataHash !== null && file.dataHash !== data.hash
      const header = headerOf({
        file,
        name,
        data,
        subset,
        settings,
        model,
        versions: Math.max(1, Math.round(perPuzzle)),
        options,
        notes: [
          ...file.notes,
          ...notes,
          ...(note === null ? [] : [note]),
          ...(moved ? ['the data set has changed since the weights were trained on it'] : []),
          ...settingsWithoutEffect(asked, settings),
        ],
      })
      return await recorded(
        header,
        { ...options, name: options.name ?? placeOf(file, name) },
        {
          model,
          data,
          settings: { ...settings, batch: rows },
          subset,
          versions,
          signal,
        },
      )
    } catch (error) {
      const todo = `Lower batch (${settings.batch}), the rollouts at a time; else use a smaller model.`
      throw outOfMemory({ where: 'think', estimate: null, todo }, error)
    } finally {
      disposeModel(model)
    }
  })
}

/** @throws UserError where the numerical floor of guided particles is asked for. */
function checkFloor(floor: boolean | undefined, { guide }: RolloutSettings): void {
  if (floor !== true || guide === 0) return
  throw new UserError({
    where: 'key floor',
    expected: 'false beside guide, because one particle alone is another rollout than among others',
    found: 'true',
    exitCode: 2,
  })
}

/** @throws UserError for a selector that a recording of these settings cannot answer. */
function checkSelectors(
  select: ThinkOptions['select'],
  { manifest }: Pick<Dataset, 'manifest'>,
  { guide }: RolloutSettings,
): void {
  const facts = { task: manifest.task, criteria: criteriaOf(manifest), guided: guide > 0 }
  for (const selector of [select ?? []].flat()) chooser(selector, facts)
}

/** Returns the data set of weights. @throws UserError (exit code 2) for a file that names none. */
export async function dataOf(file: StoredWeights, config: Config): Promise<Dataset> {
  if (file.dataHash !== null || config.data !== null) return datasetOf(config)
  throw new UserError({
    where: file.file,
    expected: 'the data to think about',
    found: 'a file that names none',
    todo: 'Name a data set: as the second argument, or with data=DIR.',
    exitCode: 2,
  })
}

function headerOf(about: {
  readonly file: StoredWeights
  readonly name: string
  readonly data: Dataset
  readonly subset: Subset
  readonly settings: RolloutSettings
  readonly model: Model
  readonly versions: number
  readonly options: ThinkOptions
  readonly notes: readonly string[]
}): RecordingHeader {
  const { file, name, data, subset, settings, model, versions, options, notes } = about
  const { task, seqLen } = data.manifest
  const { on, reason, units } = fastPath()
  const { commit, changed } = currentCode().record
  return {
    task,
    split: subset.split,
    data: { name: task, hash: data.hash },
    subset: { name: subset.name, hash: subset.hash, puzzles: subset.puzzles.length },
    versions,
    seqLen,
    weights: { name: weightsText(file, name), hash: weightsHash(file, options) },
    settings,
    guided: settings.guide > 0,
    continues: model.shape.halting === 'continue',
    answers: options.answers ?? 'last',
    macsPerStep: isFunctionRecord(model.shape.mixer) ? null : stepMacs(model.shape).forward,
    notes: {
      dtype: model.dtype,
      trained: model.shape.K,
      backend: on ? `fused kernels (${units?.float32})` : `plain operations (${reason})`,
      code: `${commit}${changed !== null && changed.length > 0 ? ' + changes' : ''}`,
      run: file.run,
      step: file.step,
      weights: [
        ...notes,
        ...(model.shape.halting === 'none' ? [UNTRAINED_HEAD] : []),
        ...(settings.leave === 'solved' ? [LEFT_RIGHT] : []),
      ],
      ours: oursOf(settings),
    },
  }
}

const UNTRAINED_HEAD = 'the halting head was not trained (halting=none): the selectors q, first and guided mean nothing'

const LEFT_RIGHT =
  'a rollout ends as soon as it is right by the answers or the judge (leave=solved): accuracies are those of an oracle, whatever the selector'

/** Returns what of the settings no paper fixes, so that numbers are not taken for a reproduction. */
function oursOf({ guide, leave, relabel }: RolloutSettings): string[] {
  return [
    ...(guide > 0 ? ['weights and resampling of guided particles'] : []),
    ...(leave === 'never' ? [] : [`rollouts that leave once ${leave}`]),
    ...(relabel ? ['the symmetries drawn for relabelled inputs'] : []),
  ]
}

/** Returns the hash of the weights as they are used. */
function weightsHash({ tensors }: StoredWeights, { puzzleEmbedding }: ThinkOptions): string {
  const hash = hashWeights(tensors)
  return puzzleEmbedding === undefined ? hash : sha256(`${hash} puzzleEmbedding=${puzzleEmbedding}`)
}

/** Returns the weights in words: the run or file, with the step. */
function weightsText(file: StoredWeights, name: string): string {
  const place = placeOf(file, name)
  return file.step === null ? place : `${place}, step ${file.step}`
}

/** Returns the run's ID, or the name of the file. */
function placeOf({ run }: StoredWeights, name: string): string {
  return run ?? path.basename(name)
}

/** The inputs of a recording. */
interface Work {
  readonly model: Model
  readonly data: Dataset
  readonly settings: RolloutSettings
  readonly subset: Subset
  readonly versions: number | undefined
  readonly signal: AbortSignal | undefined
}

/** Records the rollouts, then the deterministic ones that they are compared with, then measures the numerical floor. */
async function recorded(
  header: RecordingHeader,
  options: ThinkOptions & { readonly name: string },
  work: Work,
): Promise<RolloutRecording> {
  const { model, data, settings, subset, versions, signal } = work
  const plain = plainSettings(settings)
  const withPlain = (options.plain ?? true) && !isPlain(settings)
  // One particle alone is another rollout than it is among others.
  const withFloor = !header.guided && (options.floor ?? subset.puzzles.length <= FLOOR_PUZZLES)
  const floored = subset.puzzles.slice(0, withFloor ? FLOOR_PUZZLES : 0)
  const rows = subset.puzzles.length * header.versions
  const total = settings.depth * (rows * (settings.rollouts + Number(withPlain)) + floored.length * header.versions)
  const dir = newRecordingFolder(options.name, options.resultsDir)
  needSpace(recordingsFolder(options.resultsDir), rows * settings.rollouts * settings.depth * rowBytes(header))
  const meter =
    options.onProgress || !currentHost() ? null : openMeter({ label: 'thinking', total, unit: 'supervision steps' })
  let done = 0
  const onRows = (count: number): void => {
    done += count
    meter?.at(done)
    options.onProgress?.(done, total)
  }
  const choice = { split: subset.split, puzzles: subset.puzzles, versions, signal }
  const first = new FirstAnswers(floored)
  let isComplete = false
  try {
    const facts = await record(new Recorder(dir, header), rolloutSteps(model, data, settings, choice), (measures) => {
      first.add(measures)
      onRows(measures.size)
    })
    isComplete = true
    if (withPlain) {
      const steps = rolloutSteps(model, data, plain, choice)
      await record(
        new Recorder(path.join(dir, PLAIN), {
          ...header,
          guided: false,
          settings: plain,
          beside: recordingIdentity(facts),
        }),
        steps,
        ({ size }) => onRows(size),
      )
    }
    if (withFloor) {
      const floor = await numericFloor(model, data, settings, { ...choice, puzzles: floored }, first, onRows)
      if (floor !== null) writeFloor(dir, floor, facts)
    }
    meter?.end('done')
    return openRecording(dir)
  } catch (error) {
    if (!signal?.aborted || error !== signal.reason) throw error
    const kept = isComplete ? 'the recording is complete' : 'the puzzles that were complete are kept'
    const what = done === 0 ? 'nothing was recorded' : `${kept} in ${dir}`
    throw new Interrupted(`stopped after ${done} of ${total} supervision steps: ${what}; the same call begins anew`)
  } finally {
    meter?.end('stopped')
  }
}

/**
 * Records measurements to their end, and returns the facts. What was complete before an error stays readable; of an error or a
 * stop before the first step, nothing is stored.
 */
async function record(
  recorder: Recorder,
  steps: AsyncGenerator<StepMeasures, void>,
  onStep: (measures: StepMeasures) => void,
): Promise<RecordingFacts> {
  let isBegun = false
  try {
    for await (const measures of steps) {
      isBegun = true
      recorder.add(measures)
      onStep(measures)
    }
  } catch (error) {
    if (isBegun) endQuietly(recorder)
    throw error
  }
  try {
    return recorder.end()
  } catch (error) {
    endQuietly(recorder)
    throw error
  }
}

/** Ends a recording after a failure, which is the one to report. */
function endQuietly(recorder: Recorder): void {
  try {
    recorder.end('interrupted')
  } catch {
    // Without its last facts a recording counts as one whose process died.
  }
}

/**
 * Returns settings of one deterministic rollout of the same depth, from the learned initial latents. Damping in network calls
 * stays: it is part of a model's own net call (EqR).
 */
function plainSettings(settings: RolloutSettings): RolloutSettings {
  const damping = settings.dampingAt === 'call' ? settings.damping : 1
  return { ...settings, rollouts: 1, noise: 0, init: 'learned', relabel: false, damping, leave: 'never', guide: 0 }
}

function isPlain({ noise, init, relabel, damping, dampingAt, guide }: RolloutSettings): boolean {
  return noise === 0 && init === 'learned' && !relabel && (damping === 1 || dampingAt === 'call') && guide === 0
}

function rowBytes({ answers, seqLen }: RecordingHeader): number {
  return ROW_BYTES + (answers === 'all' ? seqLen : 0)
}
