import { answerIsKnown } from '../../data/answers.js'
import { type Dataset, runAt, type Split } from '../../data/dataset.js'
import type { UnitScores } from '../../statistics/unit-scores.js'
import { criteriaOf, votesOf } from '../../tasks/registry.js'
import type { Votes } from '../../tasks/votes.js'
import { type StepMeasures, UNKNOWN } from '../../think/step-measures.js'

/** The measurements that scores are made of. */
export type ScoredStep = Pick<
  StepMeasures,
  'step' | 'size' | 'seqLen' | 'puzzle' | 'version' | 'answers' | 'exact' | 'rightCells' | 'criteria' | 'qHalt'
>

/** pass@k of votes that is kept by depth: those that papers print. */
const PASS_KS = [1, 2] as const

/** Sums of the scores of one metric, by puzzle and depth. */
interface Sums {
  /** `[units]` */
  readonly weights: Float64Array
  /** `[units · depths]` */
  readonly sums: Float64Array
}

/**
 * Adds up what became of every puzzle after chosen supervision steps, by metric: `test.exact`, `test.cells`, the criteria of
 * the task's judge (`test.valid`), and with votes `test.pass@k`. The unit of the scores is what is independent of others: a
 * puzzle with all its versions; a task for pass@k.
 */
export class StepScores {
  readonly depths: readonly number[]
  readonly #place: ReadonlyMap<number, number>
  readonly #unitOf: Int32Array
  readonly #scoredCells: Uint16Array
  readonly #known: Uint8Array
  readonly #sums: ReadonlyMap<string, Sums>
  readonly #votes: readonly Votes[]

  /** @param depths supervision steps, ascending */
  constructor(data: Dataset, split: 'train' | 'test', depths: readonly number[]) {
    const { count, groupStarts, puzzleStarts } = data[split]
    const units = groupStarts.length - 1
    this.depths = depths
    this.#place = new Map(depths.map((depth, i) => [depth, i]))
    this.#unitOf = Int32Array.from({ length: count }, (_, example) => runAt(groupStarts, runAt(puzzleStarts, example)))
    this.#scoredCells = scoredCellsOf(data[split], data.manifest.ignoreLabelId)
    this.#known = Uint8Array.from({ length: count }, (_, example) => (answerIsKnown(data, split, example) ? 1 : 0))
    const metrics = ['test.exact', 'test.cells', ...criteriaOf(data.manifest).map((name) => `test.${name}`)]
    this.#sums = new Map(
      metrics.map((metric) => [
        metric,
        { weights: new Float64Array(units), sums: new Float64Array(units * depths.length) },
      ]),
    )
    this.#votes = split === 'test' ? depths.flatMap(() => votesOf(data) ?? []) : []
    for (const votes of this.#votes) votes.begin()
  }

  /** Returns the names of the metrics that puzzles with known answers have. */
  get metrics(): string[] {
    return [...this.#sums.keys(), ...(this.#votes.length > 0 ? PASS_KS.map((k) => `test.pass@${k}`) : [])]
  }

  /** Adds the measurements of some rows after a step; those of steps between the depths are skipped. */
  add(step: ScoredStep): void {
    const place = this.#place.get(step.step)
    if (place === undefined) return
    const { size, puzzle, exact, rightCells, criteria } = step
    for (let row = 0; row < size; row++) {
      const example = puzzle[row]!
      const cells = this.#scoredCells[example]!
      if (exact[row] !== UNKNOWN && this.#known[example] === 1 && cells > 0) {
        this.#count('test.exact', example, place, exact[row]!)
        this.#count('test.cells', example, place, rightCells[row]! / cells)
      }
      for (const [name, met] of Object.entries(criteria)) this.#count(`test.${name}`, example, place, met[row]!)
      this.#vote(step, row, place)
    }
  }

  /** Returns the scores by metric, `[depths]` a unit; metrics without a score are left out. */
  byMetric(): Map<string, UnitScores[]> {
    const all = new Map<string, UnitScores[]>()
    const { length } = this.depths
    for (const [metric, { weights, sums }] of this.#sums) {
      const units = Array.from(weights, (weight, unit) => ({
        weight,
        sums: sums.subarray(unit * length, (unit + 1) * length),
      })).filter(({ weight }) => weight > 0)
      if (units.length > 0) all.set(metric, units)
    }
    if (this.#votes.length > 0) for (const [metric, units] of passScores(this.#votes)) all.set(metric, units)
    return all
  }

  #count(metric: string, example: number, place: number, score: number): void {
    const { weights, sums } = this.#sums.get(metric)!
    const unit = this.#unitOf[example]!
    // Every row reaches every depth: it is weighed once, at the first.
    if (place === 0) weights[unit]!++
    sums[unit * this.depths.length + place]! += score
  }

  #vote({ seqLen, puzzle, version, answers, qHalt }: ScoredStep, row: number, place: number): void {
    this.#votes[place]?.add({
      puzzle: puzzle[row]!,
      version: version[row]!,
      prediction: answers.subarray(row * seqLen, (row + 1) * seqLen),
      haltProbability: 1 / (1 + Math.exp(-qHalt[row]!)),
    })
  }
}

/** Returns pass@k of each task with known answers after several counts of votes. */
export function passScores(votes: readonly Votes[]): [metric: string, units: UnitScores[]][] {
  const results = votes.map((each) => each.result(PASS_KS).tasks)
  const known = results[0]!.flatMap(({ pass }, task) => (pass === null ? [] : [task]))
  if (known.length === 0) return []
  return PASS_KS.map((k) => [
    `test.pass@${k}`,
    known.map((task) => ({ weight: 1, sums: results.map((tasks) => tasks[task]!.pass![`pass@${k}`]!) })),
  ])
}

/** Returns the number of scored cells of every example. */
function scoredCellsOf({ count, seqLen, labels }: Split, ignored: number): Uint16Array {
  const cells = new Uint16Array(count)
  for (let i = 0; i < count * seqLen; i++) if (labels[i] !== ignored) cells[Math.floor(i / seqLen)]!++
  return cells
}
