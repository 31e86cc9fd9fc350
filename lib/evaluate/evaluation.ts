import type { Dataset } from '../data/dataset.js'
import { evaluationBatches } from '../data/evaluation-batches.js'
import { UserError } from '../errors.js'
import type { Model } from '../model/model.js'
import { type MetricSums, noMetrics } from '../model/outcome.js'
import type { ModelShape } from '../model/shape.js'
import { criteriaOf, judgeOf } from '../tasks/registry.js'
import { evaluateInSteps } from './evaluate.js'
import { judgeOutcomes } from './judged.js'
import { type MetricMeans, type Metrics, metricSums, type NoMetrics } from './metrics.js'
import type { PuzzleOutcome } from './outcomes.js'
import type { Submission } from './submission.js'
import { evaluateUntilHalted } from './until-halted.js'
import { type ArcResult, type ArcVotes, arcPrediction, arcVotes, PASS_KS } from './votes.js'

/** The metrics of an evaluation by their public names. What is not known is null. */
interface EvaluationMetrics {
  /**
   * Share of puzzles fully right: the number the papers report (for ARC, of versions; see `votes`). Of puzzles whose answers
   * are known, as the next two; null where there are none.
   */
  readonly 'test.exact': number | null
  /** Share of cells right, averaged over puzzles. */
  readonly 'test.cells': number | null
  /** Share of puzzles where (q_halt ≥ 0) says rightly whether the answer is right: the published `q_halt_accuracy`. */
  readonly 'test.haltAccuracy': number | null
  /** Share of all puzzles whose halting head says after the last step that they are done; null without puzzles. */
  readonly 'test.halted': number | null
  /**
   * Shares by further criteria: those of the task's judge, e.g. `test.valid`, the share of all puzzles whose predicted answer
   * is right by the task's own rules, whether it is the stored one or another; null without puzzles. Absent where the task
   * has no judge.
   */
  readonly [criterion: `test.${string}`]: number | null
  /** Mean supervision steps of all puzzles; null without puzzles. */
  readonly supervisionSteps: number | null
  /** Puzzles, in all their versions, that were evaluated. */
  readonly puzzles: number
  /** Those among them whose answers are known. */
  readonly scored: number
}

/** An evaluation's metrics, and every puzzle's outcome. */
export interface Evaluation extends EvaluationMetrics {
  /** ARC's test split: pass@k and the submission, by votes over all versions that were evaluated. Null for other tasks. */
  readonly votes: (ArcResult & { readonly submission: Submission }) | null
  /** Empty where they were not asked for. */
  readonly outcomes: readonly PuzzleOutcome[]
}

/** Options of {@link evaluate}. */
export interface EvaluateOptions<M extends Metrics = Metrics> {
  /** Puzzles at once; default 100. */
  readonly batch?: number
  /** Default `test`. */
  readonly split?: 'train' | 'test'
  /** At most so many versions of each puzzle; default all that the data set fixes. */
  readonly versions?: number | undefined
  /** Supervision steps; default the model's K. */
  readonly supervisionSteps?: number | undefined
  /** Whether a puzzle is done as soon as its halting head says so; default false: all `supervisionSteps`, as published. */
  readonly halt?: boolean | undefined
  /** Whether the outcome of every puzzle is returned; default true. */
  readonly outcomes?: boolean
  /** Counts ARC's votes; to be given where they are carried over from an earlier evaluation. Default: a new count. */
  readonly votes?: ArcVotes | undefined
  /** Metrics of your own: each name becomes `test.NAME`. Default none. */
  readonly metrics?: M | undefined
  /** Told after each batch how many puzzles are done. */
  readonly onBatch?: (done: number) => void
  /** Told after each supervision step of a batch how much is done, in puzzles: parts of them are counted, too. */
  readonly onProgress?: (done: number) => void
  /** When aborted, the evaluation ends after the supervision step that is being computed. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Evaluates a model: every puzzle for all of `supervisionSteps` supervision steps, unless `halt` lets it be done before. A pure
 * function of (weights, data, options). Yields to the event loop between supervision steps.
 *
 * @param model with the weights to evaluate: `model.with({ weights: ema })` for others than its own
 * @throws the signal's reason when it is aborted; UserError for a metric that throws or is no number, and (exit code 2) for data
 * that the model is not for, and a batch, supervisionSteps or versions that are no whole number of 1 or more.
 */
export async function evaluate<M extends Metrics = NoMetrics>(
  model: Model,
  data: Dataset,
  options: EvaluateOptions<M> = {},
): Promise<Evaluation & MetricMeans<M>> {
  const { batch = 100, split = 'test', versions, supervisionSteps = model.shape.K, halt = false } = options
  checkData(model.shape, data)
  checkWhole('supervisionSteps', supervisionSteps)
  if (versions !== undefined) checkWhole('versions', versions)
  const evaluateRows = halt ? evaluateUntilHalted : evaluateInSteps
  const votes = split === 'test' && data.testTasks ? (options.votes ?? arcVotes(data)) : null
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
    for (const key of Object.keys(sums) as (keyof MetricSums)[]) sums[key] += result.sums[key]
    const judged = judge ? judgeOutcomes(judge, rows, result.outcomes) : result.outcomes
    for (const { criteria } of judged) for (const name of Object.keys(met)) if (criteria?.[name]) met[name]!++
    own.add(rows, result.outcomes)
    if (options.outcomes ?? true) outcomes.push(...judged)
    for (const { puzzle, version, prediction, haltProbability } of votes ? result.outcomes : [])
      votes?.add(arcPrediction(data, puzzle, version, prediction, haltProbability))
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
    votes: votes ? { ...votes.result(), submission: votes.submission() } : null,
    outcomes,
  }
}

/** @throws UserError for data of another length or vocabulary than the model's, or with more rows of the puzzle embedding. */
function checkData(shape: ModelShape, { manifest }: Dataset): void {
  const refused = (expected: string, found: number): UserError =>
    new UserError({
      where: 'evaluation, data',
      expected,
      found: String(found),
      todo: 'Give the data set that the model was made for.',
      exitCode: 2,
    })
  if (manifest.seqLen !== shape.seqLen)
    throw refused(`puzzles of ${shape.seqLen} tokens, as the model has`, manifest.seqLen)
  if (manifest.vocabSize !== shape.vocabSize)
    throw refused(`a vocabulary of ${shape.vocabSize} tokens, as the model has`, manifest.vocabSize)
  if (shape.puzzleDim > 0 && manifest.puzzleIdentifiers > shape.puzzleIdentifiers)
    throw refused(`at most the ${shape.puzzleIdentifiers} puzzles of the model's embedding`, manifest.puzzleIdentifiers)
}

function checkWhole(option: string, value: number): void {
  if (Number.isInteger(value) && value >= 1) return
  const expected = 'a whole number of 1 or more'
  throw new UserError({ where: `evaluation, ${option}`, expected, found: String(value), exitCode: 2 })
}

/** Goes through work in pieces, with the event loop's turn between them. */
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
    // Frees what it holds where it was left.
    work.return(undefined as never)
  }
}

/** An evaluation as one row of numbers: the metrics, ARC's `test.pass@k`, and over how many tasks it is. */
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

/** The numbers of an evaluation by their public names. */
export interface EvaluationNumbers extends EvaluationMetrics {
  /** ARC: tasks whose answers are known. */
  readonly scoredTasks?: number
  /** ARC's `test.pass@k`, and the user's own metrics. */
  readonly [metric: `test.${string}`]: number | null
}
