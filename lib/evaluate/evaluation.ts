import type { Dataset } from '../data/dataset.js'
import { countEvaluated, evaluationBatches } from '../data/evaluation-batches.js'
import { UserError } from '../errors.js'
import { type MetricSums, noMetrics } from '../model/accuracy.js'
import { checkDataFits } from '../model/data-fit.js'
import { type EvaluationCompute, evaluationCompute } from '../model/macs.js'
import type { Model } from '../model/model.js'
import { criteriaOf, judgeOf, votesOf } from '../tasks/registry.js'
import { PASS_KS, type Votes, type VotesResult } from '../tasks/votes.js'
import { evaluateInSteps } from './evaluate.js'
import { judgeOutcomes } from './judged.js'
import type { PuzzleOutcome } from './outcomes.js'
import { type MetricMeans, type Metrics, metricSums, type NoMetrics } from './own-metrics.js'
import { evaluateUntilHalted } from './until-halted.js'

/** The metrics of an evaluation by public name; null where unknown. */
interface EvaluationMetrics {
  /**
   * Share of puzzles fully correct: the number that papers report (per version, if versions vote; see `votes`). Like the next two,
   * over puzzles with known answers; null if there are none.
   */
  readonly 'test.exact': number | null
  /** Share of correct cells, averaged over puzzles. */
  readonly 'test.cells': number | null
  /** Share of puzzles where (q_halt ≥ 0) matches whether the answer is correct: the published `q_halt_accuracy`. */
  readonly 'test.haltAccuracy': number | null
  /** Share of all puzzles whose halting head chooses to halt after the last step; null without puzzles. */
  readonly 'test.halted': number | null
  /**
   * Share of all puzzles that satisfy a criterion of the task's judge, e.g. `test.valid` for predictions that are correct
   * by the task's rules, equal to the stored answer or not; null without puzzles. Absent if the task has no judge.
   */
  readonly [criterion: `test.${string}`]: number | null
  /** Mean supervision steps of all puzzles; null without puzzles. */
  readonly supervisionSteps: number | null
  /** Number of puzzles evaluated, counting all versions. */
  readonly puzzles: number
  /** Number of these whose answers are known. */
  readonly scored: number
}

/** The count behind cell accuracy. */
export interface CellCounts {
  /** Number of cells of puzzles with known answers that are scored: the denominator of {@link rightCells}. */
  readonly scoredCells: number
  /** Number of these cells that are predicted correctly. */
  readonly rightCells: number
}

/** An evaluation's metrics, its compute, and every puzzle's outcome. */
export interface Evaluation extends EvaluationMetrics, CellCounts, EvaluationCompute {
  /**
   * pass@k by votes over all evaluated versions, and the text of the file to submit; null unless the task's versions vote
   * (ARC's do) and the test split was evaluated.
   */
  readonly votes: (VotesResult & { readonly submission: string }) | null
  /** Empty if not requested. */
  readonly outcomes: readonly PuzzleOutcome[]
}

/** The data and settings of an evaluation. */
export interface EvaluateOptions<M extends Metrics = Metrics> {
  /** Puzzles evaluated at a time; default 100. */
  readonly batch?: number
  /** Default `test`. */
  readonly split?: 'train' | 'test'
  /** Maximum versions of each puzzle; default: all in the data set. */
  readonly versions?: number | undefined
  /** Supervision steps; default the model's K. */
  readonly supervisionSteps?: number | undefined
  /**
   * Whether a puzzle is done as soon as its halting head chooses to halt; default false: all `supervisionSteps`, as
   * published.
   */
  readonly halt?: boolean | undefined
  /** Whether the outcome of every puzzle is returned; default true. */
  readonly outcomes?: boolean
  /** Count of votes; pass one to carry votes over from an earlier evaluation. Default: a new one. */
  readonly votes?: Votes | undefined
  /** Custom metrics: each name becomes `test.NAME`. Default none. */
  readonly metrics?: M | undefined
  /** Called after each batch with the number of puzzles done. */
  readonly onBatch?: (done: number) => void
  /** Called after each supervision step of a batch with the progress in puzzles, fractions included. */
  readonly onProgress?: (done: number) => void
  /** When aborted, the evaluation ends after the supervision step that is being computed. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Evaluates a model: every puzzle runs all `supervisionSteps`, unless `halt` ends it earlier. A pure function of (weights,
 * data, options). Yields to the event loop between supervision steps.
 *
 * @param model with the weights to evaluate: `model.with({ weights: ema })` to evaluate weights other than its own
 * @throws the signal's reason if it is aborted; UserError for a metric that throws or does not return a number, for a model that
 * computes NaN, and (exit code 2) for data that do not fit the model, a split without puzzles, and unless batch,
 * supervisionSteps and versions are whole numbers of 1 or more.
 */
export async function evaluate<M extends Metrics = NoMetrics>(
  model: Model,
  data: Dataset,
  options: EvaluateOptions<M> = {},
): Promise<Evaluation & MetricMeans<M>> {
  const { batch = 100, split = 'test', versions, supervisionSteps = model.shape.K, halt = false } = options
  checkDataFits(model, data.manifest, {
    where: 'evaluation, data',
    todo: 'Give the data set that the model was made for.',
  })
  checkWhole('supervisionSteps', supervisionSteps)
  if (versions !== undefined) checkWhole('versions', versions)
  if (countEvaluated(data, { split, versions }) === 0)
    throw new UserError({
      where: `evaluation, ${split} split`,
      expected: 'at least one puzzle',
      found: 'none: there is nothing to measure',
      todo: 'Evaluate the other split, or give a data set with puzzles in this one.',
      exitCode: 2,
    })
  const evaluateRows = halt ? evaluateUntilHalted : evaluateInSteps
  const votes = split === 'test' ? (options.votes ?? votesOf(data)) : null
  votes?.begin()
  const judge = judgeOf(data.manifest)
  const met: Record<string, number> = Object.fromEntries(criteriaOf(data.manifest).map((name) => [name, 0]))
  const own = metricSums<M>(options.metrics, data, split)
  const sums = noMetrics()
  const outcomes: PuzzleOutcome[] = []
  let done = 0
  for (const rows of evaluationBatches(data, { batch, split, versions })) {
    let made = 0
    const onStep = (): void => options.onProgress?.(done + Math.floor((rows.size * ++made) / (supervisionSteps + 1)))
    const result = await givingWay(evaluateRows(model, model.weights, rows, supervisionSteps), options.signal, onStep)
    checkFiniteOutcomes(result.outcomes, split)
    for (const key of Object.keys(sums) as (keyof MetricSums)[]) sums[key] += result.sums[key]
    const judged = judge ? judgeOutcomes(judge, rows, result.outcomes) : result.outcomes
    for (const { criteria } of judged) for (const name of Object.keys(met)) if (criteria?.[name]) met[name]!++
    own.add(rows, result.outcomes)
    if (options.outcomes ?? true) outcomes.push(...judged)
    if (votes) for (const outcome of result.outcomes) votes.add(outcome)
    done += result.outcomes.length
    options.onBatch?.(done)
    options.onProgress?.(done)
    await new Promise((resolve) => setImmediate(resolve))
  }
  const mean = (sum: number, of: number): number | null => (of > 0 ? sum / of : null)
  return {
    'test.exact': mean(sums.exact, sums.scored),
    'test.cells': mean(sums.cells, sums.scored),
    'test.haltAccuracy': mean(sums.haltAccuracy, sums.scored),
    'test.halted': mean(sums.halted, sums.puzzles),
    ...Object.fromEntries(Object.entries(met).map(([name, count]) => [`test.${name}`, mean(count, sums.puzzles)])),
    ...own.means(),
    supervisionSteps: mean(sums.puzzleSupervisionSteps, sums.puzzles),
    puzzles: sums.puzzles,
    scored: sums.scored,
    scoredCells: sums.scoredCells,
    rightCells: sums.rightCells,
    ...evaluationCompute(model.shape, {
      supervisionSteps: sums.puzzleSupervisionSteps,
      heads: halt ? sums.puzzleSupervisionSteps : sums.puzzles,
    }),
    votes: votes ? { ...votes.result(), submission: votes.submission() } : null,
    outcomes,
  }
}

/** Refuses the answers of a model that computes NaN, which are none: they would count as wrong. */
function checkFiniteOutcomes(outcomes: readonly PuzzleOutcome[], split: string): void {
  const bad = outcomes.find(({ haltProbability }) => Number.isNaN(haltProbability))
  if (bad === undefined) return
  throw new UserError({
    where: `evaluation, puzzle ${split}/${bad.puzzle}`,
    expected: 'finite numbers from the heads of the model',
    found: 'NaN',
    todo: 'Its weights have diverged, or its numbers exceed float32: evaluate an earlier checkpoint.',
  })
}

function checkWhole(option: string, value: number): void {
  if (Number.isInteger(value) && value >= 1) return
  const expected = 'a whole number of 1 or more'
  throw new UserError({ where: `evaluation, ${option}`, expected, found: String(value), exitCode: 2 })
}

/** Runs a generator of work, yielding to the event loop between its pieces. */
async function givingWay<T>(
  work: Generator<void, T>,
  signal: AbortSignal | undefined,
  onPiece: () => void,
): Promise<T> {
  try {
    for (;;) {
      signal?.throwIfAborted()
      const next = work.next()
      if (next.done) return next.value
      onPiece()
      await new Promise((resolve) => setImmediate(resolve))
    }
  } finally {
    // Frees what a generator closed early still holds.
    work.return(undefined as never)
  }
}

/** Returns an evaluation as one row of numbers: the metrics, with votes `test.pass@k` and the number of tasks behind it. */
export function evaluationNumbers({ votes, outcomes: _, ...numbers }: Evaluation): EvaluationNumbers {
  if (!votes) return numbers
  const pass = PASS_KS.map((k) => [`test.pass@${k}`, votes.pass?.[`pass@${k}`] ?? null])
  return {
    ...numbers,
    ...Object.fromEntries(pass),
    scoredTasks: votes.scored,
    ...(votes.carriedEvaluations > 0 ? { 'test.carriedEvaluations': votes.carriedEvaluations } : {}),
  }
}

/** Returns an evaluation's numbers for a table that people read: the MACs without the counts that they come from. */
export function shownNumbers(evaluation: Evaluation): EvaluationNumbers {
  const { evaluationSupervisionSteps: _, evaluationNetworkCalls: __, ...shown } = evaluationNumbers(evaluation)
  return shown
}

/** The numbers of an evaluation by public name. */
export interface EvaluationNumbers extends EvaluationMetrics, Partial<CellCounts>, Partial<EvaluationCompute> {
  /** With votes: number of test tasks with known answers. */
  readonly scoredTasks?: number
  /** `test.pass@k` of votes, and custom metrics. */
  readonly [metric: `test.${string}`]: number | null
}
