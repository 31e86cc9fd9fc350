import path from 'node:path'
import { Bool, makeVector, type RecordBatch, Table, vectorFromArray } from 'apache-arrow'
import { UserError } from '../errors.js'
import { type ArrowPart, DamagedFile, readBatches } from '../files/arrow-batches.js'
import type { Difference } from '../statistics/difference.js'
import { pairedDifference } from '../statistics/paired.js'
import { pairedProportions } from '../statistics/proportions.js'
import type { Votes } from '../tasks/votes.js'
import { UNKNOWN } from '../think/step-measures.js'
import {
  type CurveOptions,
  type CurveRow,
  curvePoints,
  curveRow,
  type SurfaceOptions,
  surfacePoints,
} from './curves.js'
import { ANSWERS_FILE, type RecordingFacts, readFacts, STEPS_FILE } from './facts.js'
import { type Accuracy, checkExtent, type Extent, type IntervalOptions, measurePoints, type Select } from './points.js'
import { checkSame } from './same.js'
import { chooser, type Selector } from './selectors.js'
import { type Unit, unitsOf } from './unit.js'

/** Options of {@link Recording.accuracy}. */
export interface AccuracyOptions extends Extent, IntervalOptions {
  /** `exact`, `cells` (share of scored cells), or a criterion of the task's judge. Default: `exact`. */
  readonly metric?: string
}

/** An answer that a selector chose for one version of a puzzle. */
export interface SelectedAnswer {
  readonly puzzle: number
  readonly version: number
  /** `[seqLen]` tokens. */
  readonly answer: Uint8Array
  /** σ(q_halt) of the chosen row. */
  readonly haltProbability: number
}

/** Two recordings compared: exact accuracy of each, and their difference puzzle by puzzle. */
export interface RecordingComparison {
  readonly a: Accuracy
  readonly b: Accuracy
  /** a − b. */
  readonly difference: Difference
}

/** Options of {@link Recording.open}. */
export interface OpenOptions {
  /** Whether a damaged file is read up to the damage. Default: false, an error. */
  readonly partial?: boolean
}

/**
 * A recording of rollouts on disk. Every query passes over it batch by batch, with a few megabytes in memory whatever its
 * size; each selector can be asked for every depth D′ ≤ D and number of rollouts K′ ≤ K.
 */
export class Recording {
  readonly dir: string
  /** `facts.state` is `finished`, or tells that the recording was interrupted; it then has the puzzles completed before. */
  readonly facts: RecordingFacts
  readonly #isPartial: boolean

  private constructor(dir: string, facts: RecordingFacts, isPartial: boolean) {
    this.dir = dir
    this.facts = facts
    this.#isPartial = isPartial
  }

  /**
   * Opens the recording in a folder, also one that is at work or was interrupted.
   *
   * @throws UserError when `recording.json` is missing, damaged, or of another format version.
   */
  static open(dir: string, { partial = false }: OpenOptions = {}): Recording {
    return new Recording(dir, readFacts(dir), partial)
  }

  /**
   * Returns all rows as a table: `puzzle`, `version`, `rollout`, `step`, `hash`, `exact`, `rightCells`, criteria of the judge,
   * `qHalt`, `deltaY`, `deltaZ`, `deltaLogits`, `changed`, `margin`. The whole table is in memory, about 45 bytes a row.
   *
   * @throws UserError when the file is missing or damaged.
   */
  table(): Table {
    return new Table([...this.batches()])
  }

  /** Returns the rows of {@link Recording.table} batch by batch. @throws UserError when the file is missing or damaged. */
  batches(): Generator<RecordBatch> {
    return this.#read(STEPS_FILE, this.facts.files.steps)
  }

  /**
   * Returns the distinct answers of each version of a puzzle: `puzzle`, `version`, `hash`, `answer` (tokens).
   *
   * @throws UserError when none were kept, and when the file is missing or damaged.
   */
  answers(): Table {
    return new Table([...this.#answerBatches()])
  }

  /**
   * Returns the row that a selector chooses for each version of each puzzle: `puzzle`, `version`, `rollout`, `step`, `exact`
   * (null if unknown), `hash`, `qHalt`.
   *
   * @throws UserError for a selector that the recording cannot answer, or an extent beyond it.
   */
  select(selector: Selector, extent: Extent = {}): Table {
    const { depth, rollouts } = checkExtent(extent, this.facts)
    const choose = chooser(selector, this.facts)
    const rows: SelectedRow[] = []
    for (const unit of this.#units()) rows.push(selectedRow(unit, choose(unit, depth, rollouts)))
    return new Table({
      puzzle: makeVector(Int32Array.from(rows, ({ puzzle }) => puzzle)),
      version: makeVector(Int32Array.from(rows, ({ version }) => version)),
      rollout: makeVector(Uint16Array.from(rows, ({ rollout }) => rollout)),
      step: makeVector(Uint16Array.from(rows, ({ step }) => step)),
      exact: vectorFromArray(
        rows.map(({ exact }) => exact),
        new Bool(),
      ),
      hash: makeVector(BigUint64Array.from(rows, ({ hash }) => hash)),
      qHalt: makeVector(Float32Array.from(rows, ({ qHalt }) => qHalt)),
    })
  }

  /**
   * Returns the share of puzzles that are right by a selector's answers, or `pass@k`; a puzzle with several versions counts
   * with their mean. Puzzles without a known answer are left out, and counted.
   *
   * @throws UserError for a selector or a metric that the recording cannot answer, or an extent beyond it.
   */
  accuracy(select: Select, options: AccuracyOptions = {}): Accuracy {
    const point = { select, ...checkExtent(options, this.facts) }
    const [result] = measurePoints(this.#units(), this.facts, [point], options.metric ?? 'exact', options)
    return result!.accuracy
  }

  /**
   * Returns the probability that one of k rollouts is right, estimated from all K without bias:
   * mean of 1 − C(K − c, k) / C(K, k) over puzzles with c right rollouts.
   *
   * @throws UserError for a k or a depth beyond the recording's.
   */
  passAtK(k: number, options: Omit<AccuracyOptions, 'rollouts'> = {}): Accuracy {
    return this.accuracy('pass@k', { ...options, rollouts: k })
  }

  /**
   * Returns accuracy along depth, rollouts, multiply-accumulates or seconds per puzzle, in one pass.
   *
   * @throws UserError for a selector or a metric that the recording cannot answer, or an extent beyond it.
   */
  curveRows(options: CurveOptions = {}): CurveRow[] {
    const { x = 'depth', metric = 'exact' } = options
    const rows = this.#rows(curvePoints(this.facts, options), metric, options)
    if (x === 'macs' && this.facts.macsPerStep === null)
      throw new UserError({
        where: 'x',
        expected: 'depth, rollouts or seconds',
        found: 'macs, which are not known for this model',
      })
    return rows
  }

  /**
   * Returns accuracy over depth × rollouts, in one pass.
   *
   * @throws UserError for a selector or a metric that the recording cannot answer, or an extent beyond it.
   */
  surfaceRows(options: SurfaceOptions = {}): CurveRow[] {
    return this.#rows(surfacePoints(this.facts, options), options.metric ?? 'exact', options)
  }

  #rows(points: ReturnType<typeof curvePoints>, metric: string, options: IntervalOptions): CurveRow[] {
    return measurePoints(this.#units(), this.facts, points, metric, options).map((result) =>
      curveRow(this.facts, metric, result),
    )
  }

  /**
   * Returns the answer that a selector chooses for each version of each puzzle.
   *
   * @throws UserError when the recording did not keep it: none, or only those of the last steps.
   */
  *selectedAnswers(selector: Selector, extent: Extent = {}): Generator<SelectedAnswer> {
    const { depth, rollouts } = checkExtent(extent, this.facts)
    const choose = chooser(selector, this.facts)
    const { criteria, seqLen, settings } = this.facts
    const answers: Iterator<RecordBatch, undefined> = this.#answerBatches()
    for (const batch of this.batches()) {
      const kept = answersByKey(answers.next().value, seqLen)
      for (const unit of unitsOf(batch, criteria, settings.rollouts)) {
        const { puzzle, version, hash, qHalt } = selectedRow(unit, choose(unit, depth, rollouts))
        const answer = kept.get(`${puzzle} ${version} ${hash}`)
        if (!answer)
          throw new UserError({
            where: `the answers of ${selector} at depth ${depth}`,
            expected: 'a recording that keeps all answers',
            found: 'one that keeps those of the last steps',
            todo: "Record again with answers: 'all'.",
          })
        yield { puzzle, version, answer, haltProbability: 1 / (1 + Math.exp(-qHalt)) }
      }
    }
  }

  /**
   * Counts the answers that a selector chooses inside each version of a puzzle as votes for the puzzle's answer, as ARC's
   * augmentations are counted (PTRM, arXiv 2605.19943, section 4).
   *
   * @param votes of the data set that was recorded; its earlier votes are discarded
   * @throws UserError as {@link Recording.selectedAnswers}.
   */
  vote<T extends Pick<Votes, 'begin' | 'add'>>(votes: T, selector: Selector, extent: Extent = {}): T {
    votes.begin()
    for (const { answer, ...selected } of this.selectedAnswers(selector, extent))
      votes.add({ ...selected, prediction: answer })
    return votes
  }

  /**
   * Compares exact accuracy with another recording of the same weights and puzzles, pair by pair: McNemar's exact test, or
   * with several versions of a puzzle the paired t test of their means.
   *
   * @throws UserError for a recording of other data or weights, or without a common puzzle.
   */
  compare(other: Recording, selector: Selector = 'q', extent: Extent = {}): RecordingComparison {
    checkSame(this.facts, other.facts)
    const [own, others] = [this.#exactOf(selector, extent), other.#exactOf(selector, extent)]
    const pairs = [...own].flatMap(([puzzle, value]) => {
      const second = others.get(puzzle)
      return second === undefined ? [] : [[value, second] as const]
    })
    if (pairs.length === 0)
      throw new UserError({ where: 'compare', expected: 'puzzles that both recordings have', found: 'none' })
    const count = (a: number, b: number): number => pairs.filter(([x, y]) => x === a && y === b).length
    const difference =
      this.facts.versions === 1
        ? pairedProportions({ both: count(1, 1), onlyA: count(1, 0), onlyB: count(0, 1), neither: count(0, 0) })
        : pairedDifference(
            pairs.map(([a]) => a),
            pairs.map(([, b]) => b),
          )
    return { a: this.accuracy(selector, extent), b: other.accuracy(selector, extent), difference }
  }

  /** Returns the share of right versions of each puzzle with a known answer. */
  #exactOf(selector: Selector, extent: Extent): Map<number, number> {
    const { depth, rollouts } = checkExtent(extent, this.facts)
    const choose = chooser(selector, this.facts)
    const sums = new Map<number, { right: number; count: number }>()
    for (const unit of this.#units()) {
      const { puzzle, exact } = selectedRow(unit, choose(unit, depth, rollouts))
      if (exact === null) continue
      const { right, count } = sums.get(puzzle) ?? { right: 0, count: 0 }
      sums.set(puzzle, { right: right + Number(exact), count: count + 1 })
    }
    return new Map([...sums].map(([puzzle, { right, count }]) => [puzzle, right / count]))
  }

  *#units(): Generator<Unit> {
    const { criteria, settings } = this.facts
    for (const batch of this.batches()) yield* unitsOf(batch, criteria, settings.rollouts)
  }

  #answerBatches(): Generator<RecordBatch, undefined> {
    if (this.facts.answers === 'none')
      throw new UserError({
        where: this.dir,
        expected: 'a recording with answers',
        found: 'one without',
        todo: "Record again with answers: 'last' or 'all'.",
      })
    return this.#read(ANSWERS_FILE, this.facts.files.answers)
  }

  *#read(name: string, parts: readonly ArrowPart[]): Generator<RecordBatch, undefined> {
    try {
      if (parts.length > 0) yield* readBatches(path.join(this.dir, name), parts)
    } catch (error) {
      if (!(this.#isPartial && error instanceof DamagedFile)) throw error
    }
    return undefined
  }
}

interface SelectedRow {
  readonly puzzle: number
  readonly version: number
  readonly rollout: number
  readonly step: number
  /** null if the answer is not known. */
  readonly exact: boolean | null
  readonly hash: bigint
  readonly qHalt: number
}

function selectedRow({ puzzle, version, arrays }: Unit, row: number): SelectedRow {
  return {
    puzzle,
    version,
    rollout: arrays.rollout[row]!,
    step: arrays.step[row]!,
    exact: arrays.exact[row] === UNKNOWN ? null : arrays.exact[row] === 1,
    hash: arrays.hash[row]!,
    qHalt: arrays.qHalt[row]!,
  }
}

/** Returns the answers of a batch by puzzle, version and hash. */
function answersByKey(batch: RecordBatch | undefined, seqLen: number): Map<string, Uint8Array> {
  const kept = new Map<string, Uint8Array>()
  if (!batch) return kept
  const values = <T>(name: string): T => batch.getChild(name)!.data[0]!.values as T
  const [puzzle, version, hash] = [
    values<Int32Array>('puzzle'),
    values<Int32Array>('version'),
    values<BigUint64Array>('hash'),
  ]
  const tokens = batch.getChild('answer')!.data[0]!.children[0]!.values as Uint8Array
  for (let i = 0; i < batch.numRows; i++)
    kept.set(`${puzzle[i]} ${version[i]} ${hash[i]}`, tokens.subarray(i * seqLen, (i + 1) * seqLen))
  return kept
}
