import type { Augmentation, Dataset, Split } from '../../data/dataset.js'
import { UserError } from '../../errors.js'
import { metricTitle } from '../../evaluate/metric-names.js'
import type { Row } from '../../files/arrow-rows.js'
import type { Model } from '../../model/model.js'
import { JUPYTER_DISPLAY } from '../../notebook/bundle.js'
import type { MimeBundle } from '../../notebook/host.js'
import { type BarsOptions, bars } from '../../plot/bars.js'
import { type CaptionedFigure, withSources } from '../../plot/sources.js'
import { Random } from '../../random.js'
import type { Difference } from '../../statistics/difference.js'
import { checkLevel, DEFAULT_LEVEL, type Estimate, scaled } from '../../statistics/estimate.js'
import { pairedDifference } from '../../statistics/paired.js'
import { pairedProportions } from '../../statistics/proportions.js'
import { levelText, pText } from '../../statistics/rounding.js'
import type { UnitScores } from '../../statistics/unit-scores.js'
import type { StepMeasures } from '../../think/step-measures.js'
import { stoppable } from '../run/stop.js'
import { subsetText } from './ladder-result.js'
import { unknownMetric } from './metrics.js'
import { notedTable, sentences, shareText, stepsText } from './noted-table.js'
import type { ThinkingModel } from './options.js'
import { accuraciesOf } from './scaling-law.js'
import { type PassReport, runPasses } from './scored-pass.js'
import { StepScores } from './step-scores.js'
import { type Subset, subsetOf } from './subset.js'
import { type TrainedOptions, withTrained } from './trained.js'

/** Which row of the puzzle embedding a puzzle is given: its own, that of no puzzle, or that of another puzzle. */
export type IdentityArm = 'right' | 'blank' | 'random'

const ARMS: readonly IdentityArm[] = ['right', 'blank', 'random']

/** Options of {@link identityAblation}. */
export interface IdentityAblationOptions extends TrainedOptions, PassReport {
  /** Default `test.pass@1` where versions vote, else `test.exact`. */
  readonly metric?: string
  /** Examples: a number of them, drawn at random and always the same, or their indices. Default: all. */
  readonly puzzles?: number | readonly number[]
  /** Default `test`. */
  readonly split?: 'train' | 'test'
  /** Maximum versions of each puzzle. Default: the configuration's `evalVersions`, else all. */
  readonly versions?: number
  /** Supervision steps. Default: the configuration's `evalSupervisionSteps`. */
  readonly supervisionSteps?: number
  /** Rows computed at a time. Default: the configuration's `evalBatch`. */
  readonly batch?: number
  /** Seed of the random identifiers. Default 0. */
  readonly seed?: number
  /** Confidence level of the intervals. Default 0.95. */
  readonly level?: number
  /** When aborted, the work ends after the current supervision step. Default: when the user stops the notebook cell. */
  readonly signal?: AbortSignal
}

/** Accuracy with one kind of identifier. */
export interface IdentityRow {
  readonly identifier: IdentityArm
  /** The chosen metric, as a share. */
  readonly accuracy: Estimate
  /** Every metric by name, as shares. */
  readonly metrics: Readonly<Record<string, Estimate>>
  /** The difference from the right identifier, paired by puzzle; null for that itself, and for a single puzzle. */
  readonly difference: Difference | null
}

/** How much accuracy depends on the puzzle identifier, shown as a table. */
export class IdentityAblation {
  readonly rows: readonly IdentityRow[]
  readonly metric: string
  /** The run's ID, or the file. */
  readonly id: string
  readonly isRun: boolean
  readonly dataHash: string
  readonly subset: Subset
  readonly supervisionSteps: number
  readonly dtype: string
  readonly seed: number
  readonly notes: readonly string[]

  constructor(
    rows: readonly IdentityRow[],
    about: Pick<
      IdentityAblation,
      'metric' | 'id' | 'isRun' | 'dataHash' | 'subset' | 'supervisionSteps' | 'dtype' | 'seed' | 'notes'
    >,
  ) {
    this.rows = rows
    this.metric = about.metric
    this.id = about.id
    this.isRun = about.isRun
    this.dataHash = about.dataHash
    this.subset = about.subset
    this.supervisionSteps = about.supervisionSteps
    this.dtype = about.dtype
    this.seed = about.seed
    this.notes = about.notes
  }

  /** Returns the row of an identifier: `right`, `blank` or `random`. */
  row(identifier: IdentityArm): IdentityRow {
    return this.rows.find((row) => row.identifier === identifier)!
  }

  /** Returns a row per identifier: every metric (%) and the difference from the right one, with their intervals, and the p value of the difference. */
  table(): Row[] {
    return this.rows.map(({ identifier, accuracy, metrics, difference }): Row => {
      const others = Object.entries(metrics).filter(([name]) => name !== this.metric)
      return {
        identifier,
        [metricTitle(this.metric)]: shareText(accuracy),
        'difference (points)': difference && shareText(difference),
        test: difference && testText(difference),
        ...Object.fromEntries(others.map(([name, estimate]) => [metricTitle(name), shareText(estimate)])),
      }
    })
  }

  /** Returns bars of the metric by identifier with intervals; on ARC the published pass@1 without the right identifier beside them. */
  figure(options: BarsOptions = {}): CaptionedFigure {
    const isReported = this.metric === 'test.pass@1'
    const figure = bars(
      this.rows.map(({ identifier, accuracy }) => {
        const estimate = scaled(accuracy, 100)
        return {
          name: identifier,
          values: [estimate.value],
          estimate,
          ...(isReported && identifier !== 'right' ? { reported: REPORTED } : {}),
        }
      }),
      {
        x: 'puzzle identifier',
        y: metricTitle(this.metric),
        measured: `measured: ${levelText(this.rows[0]!.accuracy.level)} over ${unitsOf(this.metric)}`,
        ...(isReported ? { reported: 'on ARC-AGI-1' } : {}),
        ...options,
      },
    )
    return withSources(figure, {
      ...(this.isRun ? { runs: [this.id] } : { weights: [this.id] }),
      data: [this.dataHash],
      subsets: [subsetText(this.subset)],
      precision: [this.dtype],
    })
  }

  /** Returns sentences on what the table stands for. */
  footnotes(): string[] {
    return [
      `${this.id}, ${stepsText(this.supervisionSteps)}, ${this.dtype}; ${subsetText(this.subset)}.`,
      `Blank is the row of no puzzle, random the row of another one (seed ${this.seed}); votes are counted under the right identifiers.`,
      'Reported on ARC-AGI-1: pass@1 is 0 with a blank or random identifier (arXiv 2512.11847).',
      ...sentences(this.notes),
    ]
  }

  /** Returns the table for display in a notebook. */
  [JUPYTER_DISPLAY](): MimeBundle {
    return notedTable(this.table(), this.footnotes())
  }
}

const REPORTED = { value: 0, source: 'arXiv 2512.11847' } as const

function unitsOf(metric: string): string {
  return metric.includes('pass@') ? 'tasks' : 'puzzles'
}

function testText({ test, p }: Difference): string | null {
  return test === null || p === null ? null : `${test}, ${pText(p)}`
}

/**
 * Returns accuracy with the right, a blank and a random puzzle identifier: the row of the puzzle embedding is exchanged, all else
 * stays. It tells how much of a model's answer is remembered of the puzzle by its name.
 *
 * @param runOrFile a run, its ID or folder, or a file of weights
 * @param data default: the data set of the weights
 * @example
 * show(await identityAblation(run))
 * @throws UserError (exit code 2) for a model without a puzzle embedding, data whose puzzles share one identifier, and an unknown
 * metric; Interrupted if it is stopped.
 */
export async function identityAblation(
  runOrFile: ThinkingModel,
  data?: Dataset,
  options: IdentityAblationOptions = {},
): Promise<IdentityAblation> {
  const { level = DEFAULT_LEVEL, seed = 0 } = options
  checkLevel(level)
  return withTrained(
    'identityAblation',
    runOrFile,
    data,
    options,
    (trained) => (options.supervisionSteps ?? trained) > trained,
    (trained) =>
      stoppable(options.signal, async ({ signal }) => {
        checkIdentifiers(trained.model, trained.data)
        const { evaluation, model } = trained
        const depth = options.supervisionSteps ?? evaluation.evalSupervisionSteps
        const subset = subsetOf(trained.data, options.puzzles, options.split)
        const arms = ARMS.map((identifier) => ({
          identifier,
          scores: new StepScores(trained.data, subset.split, [depth]),
        }))
        const known = arms[0]!.scores.metrics
        const metric = options.metric ?? (known.includes('test.pass@1') ? 'test.pass@1' : 'test.exact')
        if (!known.includes(metric)) throw unknownMetric(metric, known)
        const passes = arms.map(({ identifier, scores }) => ({
          model,
          data: withIdentifiers(trained.data, identifier, seed),
          subset,
          depth,
          versions: options.versions ?? evaluation.evalVersions,
          batch: options.batch ?? evaluation.evalBatch,
          add: (measures: StepMeasures) => scores.add(measures),
        }))
        await runPasses('identity ablation', passes, options, signal)
        const all = arms.map(({ scores }) => scores.byMetric())
        const right = all[0]!.get(metric)
        if (right === undefined) throw unknownMetric(metric, [...all[0]!.keys()])
        const rows = arms.map(({ identifier }, i): IdentityRow => {
          const byMetric = [...all[i]!].map(([name, units]) => [name, accuraciesOf(units, level)[0]!] as const)
          const metrics = Object.fromEntries(byMetric)
          const difference = i === 0 || right.length < 2 ? null : differenceOf(all[i]!.get(metric)!, right, level)
          return { identifier, accuracy: metrics[metric]!, metrics, difference }
        })
        const { id, isRun, dtype, notes } = trained
        const about = { metric, id, isRun, dtype, notes, seed, subset }
        return new IdentityAblation(rows, { ...about, dataHash: trained.data.hash, supervisionSteps: depth })
      }),
  )
}

/** Returns the difference a − b over the same puzzles: of shares where each is one answer, else of their means. */
function differenceOf(a: readonly UnitScores[], b: readonly UnitScores[], level: number): Difference {
  const scores = (units: readonly UnitScores[]): number[] => units.map(({ weight, sums }) => sums[0]! / weight)
  const [x, y] = [scores(a), scores(b)]
  const isAnswer = (score: number): boolean => score === 0 || score === 1
  if (![...a, ...b].every(({ weight }) => weight === 1) || ![...x, ...y].every(isAnswer))
    return pairedDifference(x, y, { level })
  const count = (inA: number, inB: number): number => x.filter((score, i) => score === inA && y[i] === inB).length
  return pairedProportions({ both: count(1, 1), onlyA: count(1, 0), onlyB: count(0, 1), neither: count(0, 0) }, level)
}

/** Returns a data set whose batches carry other identifiers; everything else is that of the data set. */
function withIdentifiers(data: Dataset, arm: IdentityArm, seed: number): Dataset {
  const { augment } = data
  const replaced = replacements(data, arm, seed)
  const split = (given: Split): Split => ({ ...given, puzzleIds: given.puzzleIds.map((id) => replaced[id]!) })
  const original = (given: Split): Split => data[given.name]
  const wrapped: Augmentation | null = augment && {
    versions: (given, puzzle) => augment.versions(original(given), puzzle),
    puzzleId: (given, example, version) => replaced[augment.puzzleId(original(given), example, version)]!,
    write: (given, ...rest) => augment.write(original(given), ...rest),
  }
  return { ...data, train: split(data.train), test: split(data.test), augment: wrapped }
}

/** Returns the identifier that stands in for each. @throws UserError for a random one where all belong to one task. */
function replacements(data: Dataset, arm: IdentityArm, seed: number): Int32Array {
  const { blankId, puzzleIdentifiers: count } = data.manifest
  const own = Int32Array.from({ length: count }, (_, id) => id)
  if (arm === 'right') return own
  if (arm === 'blank') return own.fill(blankId)
  const groups = groupsOfIdentifiers(data)
  const ids = own.filter((id) => id !== blankId && groups[id] !== NO_GROUP)
  if (ids.every((id) => groups[id] === groups[ids[0]!]))
    throw new UserError({
      where: 'identityAblation',
      expected: 'puzzles of two tasks or more, so that one can be given the identifier of another',
      found: ids.length === 0 ? 'none' : 'one task',
      exitCode: 2,
    })
  const random = Random.of(seed, 'puzzle identifiers')
  return own.map((id) => {
    let other = ids[random.int(ids.length)]!
    while (groups[other] === groups[id]) other = ids[random.int(ids.length)]!
    return other
  })
}

const NO_GROUP = -1

/** Returns the group of puzzles, i.e. the task with all its versions, that each identifier belongs to. */
function groupsOfIdentifiers(data: Dataset): Int32Array {
  const { augment, manifest } = data
  const groups = new Int32Array(manifest.puzzleIdentifiers).fill(NO_GROUP)
  let next = 0
  // A task of both splits has the same identifiers in both; the later group takes all of them.
  for (const split of [data.train, data.test])
    for (let group = 0; group + 1 < split.groupStarts.length; group++, next++)
      for (let puzzle = split.groupStarts[group]!; puzzle < split.groupStarts[group + 1]!; puzzle++) {
        const example = split.puzzleStarts[puzzle]!
        groups[split.puzzleIds[example]!] = next
        const versions = augment?.versions(split, puzzle) ?? 1
        for (let version = 0; augment && version < versions; version++)
          groups[augment.puzzleId(split, example, version)] = next
      }
  return groups
}

function checkIdentifiers({ shape }: Model, { manifest }: Dataset): void {
  if (shape.puzzleDim === 0)
    throw new UserError({
      where: 'identityAblation',
      expected: 'a model with a puzzle embedding (puzzleDim above 0)',
      found: 'one without',
      exitCode: 2,
    })
  // Beside the blank one, a puzzle needs another than its own.
  if (manifest.puzzleIdentifiers < 3)
    throw new UserError({
      where: 'identityAblation',
      expected: 'puzzles with identifiers of their own, as those of ARC have',
      found: `task=${manifest.task}, whose puzzles share one`,
      todo: "evaluateRun(run, { puzzleEmbedding: 'zero' }) measures what the shared row is worth.",
      exitCode: 2,
    })
}
