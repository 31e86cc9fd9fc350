import { type Dataset, runAt } from '../../data/dataset.js'
import { UserError } from '../../errors.js'
import { metricTitle } from '../../evaluate/metric-names.js'
import type { Row } from '../../files/arrow-rows.js'
import { JUPYTER_DISPLAY } from '../../notebook/bundle.js'
import type { MimeBundle } from '../../notebook/host.js'
import type { FigureOptions } from '../../plot/figure.js'
import { ladderFigure } from '../../plot/ladder.js'
import { type CaptionedFigure, withSources } from '../../plot/sources.js'
import type { Difference } from '../../statistics/difference.js'
import { checkLevel, DEFAULT_LEVEL, type Estimate, scaled } from '../../statistics/estimate.js'
import { pairedDifference } from '../../statistics/paired.js'
import { levelText } from '../../statistics/rounding.js'
import type { UnitScores } from '../../statistics/unit-scores.js'
import { votesOf } from '../../tasks/registry.js'
import type { Votes } from '../../tasks/votes.js'
import type { StepMeasures } from '../../think/step-measures.js'
import { stoppable } from '../run/stop.js'
import { notedTable, sentences, shareText, stepsText } from './noted-table.js'
import type { ThinkingModel } from './options.js'
import { accuraciesOf } from './scaling-law.js'
import { type PassReport, runPasses } from './scored-pass.js'
import { passScores } from './step-scores.js'
import { subsetOf } from './subset.js'
import { type TrainedOptions, withTrained } from './trained.js'

/** Options of {@link votesAblation}. */
export interface VotesAblationOptions extends TrainedOptions, PassReport {
  /** Numbers of versions whose votes are counted: the first of each task. Default: 1, 2, 4, … to all of them. */
  readonly versions?: readonly number[]
  /** Supervision steps. Default: the configuration's `evalSupervisionSteps`. */
  readonly supervisionSteps?: number
  /** Rows computed at a time. Default: the configuration's `evalBatch`. */
  readonly batch?: number
  /** Confidence level of the intervals. Default 0.95. */
  readonly level?: number
  /** When aborted, the pass ends after the current supervision step. Default: when the user stops the notebook cell. */
  readonly signal?: AbortSignal
}

/** pass@k of the votes of a number of versions. */
export interface VotesRow {
  /** Versions of each task that vote, the task itself included; a task with fewer has all of them. */
  readonly versions: number
  /** Predictions that were counted. */
  readonly votes: number
  /** pass@k by name, `test.pass@1` and `test.pass@2`, over tasks. */
  readonly pass: Readonly<Record<string, Estimate>>
  /** The gain in each over the fewest versions, paired by task; null for these, and for a single task. */
  readonly gain: Readonly<Record<string, Difference>> | null
}

/** pass@k by the number of versions in the vote, shown as a table. */
export class VotesAblation {
  readonly rows: readonly VotesRow[]
  /** The run's ID, or the file. */
  readonly id: string
  readonly isRun: boolean
  readonly dataHash: string
  readonly supervisionSteps: number
  readonly dtype: string
  /** Tasks with known answers. */
  readonly tasks: number
  readonly notes: readonly string[]

  constructor(
    rows: readonly VotesRow[],
    about: Pick<VotesAblation, 'id' | 'isRun' | 'dataHash' | 'supervisionSteps' | 'dtype' | 'tasks' | 'notes'>,
  ) {
    this.rows = rows
    this.id = about.id
    this.isRun = about.isRun
    this.dataHash = about.dataHash
    this.supervisionSteps = about.supervisionSteps
    this.dtype = about.dtype
    this.tasks = about.tasks
    this.notes = about.notes
  }

  /** Returns a row per number of versions: pass@1 and pass@2 (%) and the gain in points, with their intervals. */
  table(): Row[] {
    return this.rows.map(({ versions, votes, pass, gain }): Row => {
      const cells = Object.entries(pass).flatMap(([metric, estimate]): [string, string | null][] => {
        const points = gain?.[metric]
        return [
          [metricTitle(metric), shareText(estimate)],
          [`gain in ${metricTitle(metric).replace(' (%)', '')} (points)`, points ? shareText(points) : null],
        ]
      })
      return { versions, votes, ...Object.fromEntries(cells) }
    })
  }

  /** Returns pass@1 and pass@2 over the number of versions, on a logarithmic axis, with bands over tasks. */
  figure(options: FigureOptions = {}): CaptionedFigure {
    const metrics = Object.keys(this.rows[0]!.pass)
    const lines = metrics.map((metric) => ({
      name: metricTitle(metric).replace(' (%)', ''),
      x: this.rows.map(({ versions }) => versions),
      accuracy: this.rows.map(({ pass }) => scaled(pass[metric]!, 100)),
      law: null,
    }))
    const { log: _, ...rest } = options
    const figure = ladderFigure(lines, {
      symbol: 'versions',
      over: 'tasks',
      x: 'versions in the vote',
      y: 'solved test inputs (%)',
      ...rest,
    })
    return withSources(figure, {
      ...(this.isRun ? { runs: [this.id] } : { weights: [this.id] }),
      data: [this.dataHash],
      precision: [this.dtype],
    })
  }

  /** Returns sentences on what the table stands for. */
  footnotes(): string[] {
    const { level, method } = Object.values(this.rows[0]!.pass)[0]!
    return [
      `${this.id}, ${stepsText(this.supervisionSteps)}, ${this.dtype}; ${this.tasks} test tasks with known answers; the votes of all rows come from one evaluation.`,
      method === null
        ? 'One task has no interval.'
        : `In parentheses the ${levelText(level)} over tasks: ${method === 'wilson' ? "Wilson's, or " : ''}a bootstrap's for accuracies, Student's for paired gains.`,
      'Reported on ARC-AGI-1: voting over 1,000 versions adds about 11 points of pass@1 (arXiv 2512.11847).',
      ...sentences(this.notes),
    ]
  }

  /** Returns the table for display in a notebook. */
  [JUPYTER_DISPLAY](): MimeBundle {
    return notedTable(this.table(), this.footnotes())
  }
}

/**
 * Returns pass@k by the number of versions that vote, from one evaluation of all of them: the first 1, 2, 4, … versions of each
 * test task, the task itself first, as `evalVersions` chooses them.
 *
 * @param runOrFile a run, its ID or folder, or a file of weights
 * @param data default: the data set of the weights
 * @example
 * show(await votesAblation(run, undefined, { versions: [1, 10, 100, 1000] }))
 * @throws UserError (exit code 2) for data whose versions do not vote, or whose answers are all withheld, and for numbers of
 * versions that are not different whole numbers from 1 to those that the data set has; Interrupted if it is stopped.
 */
export async function votesAblation(
  runOrFile: ThinkingModel,
  data?: Dataset,
  options: VotesAblationOptions = {},
): Promise<VotesAblation> {
  const { level = DEFAULT_LEVEL } = options
  checkLevel(level)
  return withTrained(
    'votesAblation',
    runOrFile,
    data,
    options,
    (trained) => (options.supervisionSteps ?? trained) > trained,
    (trained) =>
      stoppable(options.signal, async ({ signal }) => {
        const most = mostVersions(trained.data)
        const numbers = options.versions ? checkedVersions(options.versions, most) : doublings(most)
        const counts = numbers.map((atMost) => ({ atMost, votes: begun(trained.data) }))
        const rankOf = versionRanks(trained.data)
        const { evaluation, model } = trained
        const depth = options.supervisionSteps ?? evaluation.evalSupervisionSteps
        const add = (measures: StepMeasures): void => {
          if (measures.step === depth) addVotes(measures, counts, rankOf)
        }
        const pass = {
          model,
          data: trained.data,
          subset: subsetOf(trained.data),
          depth,
          versions: numbers.at(-1)!,
          batch: options.batch ?? evaluation.evalBatch,
          add,
        }
        await runPasses('votes ablation', [pass], options, signal)
        const scores = passScores(counts.map(({ votes }) => votes))
        if (scores.length === 0)
          throw new UserError({
            where: 'votesAblation',
            expected: 'test tasks with known answers',
            found: 'none',
            exitCode: 2,
          })
        const accuracies = scores.map(([metric, units]) => [metric, accuraciesOf(units, level)] as const)
        const rows = counts.map(
          ({ atMost, votes }, i): VotesRow => ({
            versions: atMost,
            votes: votes.result().predictions,
            pass: Object.fromEntries(accuracies.map(([metric, estimates]) => [metric, estimates[i]!])),
            gain: i === 0 || scores[0]![1].length < 2 ? null : gainsOf(scores, i, level),
          }),
        )
        const { id, isRun, dtype, notes } = trained
        return new VotesAblation(rows, {
          id,
          isRun,
          dtype,
          notes,
          dataHash: trained.data.hash,
          supervisionSteps: depth,
          tasks: scores[0]![1].length,
        })
      }),
  )
}

function gainsOf(
  scores: readonly (readonly [metric: string, units: readonly UnitScores[]])[],
  place: number,
  level: number,
): Record<string, Difference> {
  return Object.fromEntries(
    scores.map(([metric, units]) => {
      const at = (i: number): number[] => units.map(({ sums }) => sums[i]!)
      return [metric, pairedDifference(at(place), at(0), { level })]
    }),
  )
}

/** Counts predictions as votes of every number of versions that they belong to. */
function addVotes(
  { size, seqLen, puzzle, version, answers, qHalt }: StepMeasures,
  counts: readonly { readonly atMost: number; readonly votes: Votes }[],
  rankOf: (example: number, version: number) => number,
): void {
  for (let row = 0; row < size; row++) {
    const rank = rankOf(puzzle[row]!, version[row]!)
    const prediction = {
      puzzle: puzzle[row]!,
      version: version[row]!,
      prediction: answers.subarray(row * seqLen, (row + 1) * seqLen),
      haltProbability: 1 / (1 + Math.exp(-qHalt[row]!)),
    }
    for (const { atMost, votes } of counts) if (rank < atMost) votes.add(prediction)
  }
}

/** Returns a count of votes, begun. @throws UserError for data whose versions do not vote. */
function begun(data: Dataset): Votes {
  const votes = votesOf(data)
  if (votes === null)
    throw new UserError({
      where: 'votesAblation',
      expected: 'a data set whose versions vote for the answer, as those of ARC with test tasks do',
      found: `one of task=${data.manifest.task}`,
      exitCode: 2,
    })
  votes.begin()
  return votes
}

/**
 * Returns the place of a version among those of its group, from 0, in the order in which an evaluation takes them: versions are
 * made on the fly, or stored as puzzles of the group.
 */
function versionRanks({ test, augment }: Dataset): (example: number, version: number) => number {
  const { puzzleStarts, groupStarts } = test
  const before = new Int32Array(puzzleStarts.length - 1)
  for (let group = 0; group + 1 < groupStarts.length; group++) {
    let rank = 0
    for (let puzzle = groupStarts[group]!; puzzle < groupStarts[group + 1]!; puzzle++) {
      before[puzzle] = rank
      rank += augment?.versions(test, puzzle) ?? 1
    }
  }
  return (example, version) => before[runAt(puzzleStarts, example)]! + version
}

/** Returns the number of versions of the group that has most. */
function mostVersions({ test, augment }: Dataset): number {
  const { groupStarts } = test
  let most = 1
  for (let group = 0; group + 1 < groupStarts.length; group++) {
    let versions = 0
    for (let puzzle = groupStarts[group]!; puzzle < groupStarts[group + 1]!; puzzle++)
      versions += augment?.versions(test, puzzle) ?? 1
    most = Math.max(most, versions)
  }
  return most
}

/** Returns 1, 2, 4, … and the last number. */
function doublings(last: number): number[] {
  const numbers: number[] = []
  for (let number = 1; number < last; number *= 2) numbers.push(number)
  return [...numbers, last]
}

function checkedVersions(versions: readonly number[], most: number): number[] {
  const fail = (expected: string, found: string): UserError =>
    new UserError({ where: 'versions', expected, found, exitCode: 2 })
  if (!Array.isArray(versions) || versions.length === 0)
    throw fail('a list of whole numbers, e.g. [1, 2, 4]', Array.isArray(versions) ? 'none' : typeof versions)
  const sorted = [...versions].sort((a, b) => a - b)
  const wrong = sorted.find((number) => !(Number.isSafeInteger(number) && number >= 1 && number <= most))
  if (wrong !== undefined) throw fail(`whole numbers from 1 to ${most}, the versions of the data set`, String(wrong))
  const twice = sorted.find((number, i) => number === sorted[i - 1])
  if (twice !== undefined) throw fail('each number once', `${twice} twice`)
  return sorted
}
