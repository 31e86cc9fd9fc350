import { primaryRows } from '../../evaluate/arms.js'
import { metricTitle } from '../../evaluate/metric-names.js'
import type { Row } from '../../files/arrow-rows.js'
import { type Display, show } from '../../notebook/display.js'
import { currentHost } from '../../notebook/host.js'
import { openMeter } from '../../notebook/progress-meter.js'
import { beside } from '../../plot/beside.js'
import { type Curve, curves } from '../../plot/curves.js'
import type { Figure } from '../../plot/figure.js'
import { ConfigComparison, type ValueNames } from '../../results/config-comparison.js'
import type { FinishedRun } from '../compare/runs.js'
import type { Estimate } from '../estimate/memory.js'
import { RunTimes } from '../estimate/run-times.js'
import type { RunWork } from '../estimate/work.js'
import type { RunObserver } from '../run/observer.js'
import { ParallelTimes } from './parallel-times.js'
import { ESTIMATING, evaluatingText, memoryText, ownMetrics } from './report.js'
import { ThinCurve } from './thin-curve.js'

/** A notebook's display of several runs. */
export interface LiveRuns {
  /** Returns the observer of a run, by its index in the order of execution. */
  observer(index: number): RunObserver
  /** Shows a note on all runs. */
  note(text: string): void
  /** Shows the memory of all runs; null for one that is not made. */
  plan(estimates: readonly (Estimate | null)[]): void
  /** Sets the number of processes that train runs at the same time. */
  workers(count: number): void
  /** Shows the cost of all runs, in place of their memory. */
  cost(text: string): void
  /**
   * Shows how far all runs are, as a table that is updated about once a second; in a headless run nothing.
   *
   * @param table returns the rows as they are now
   */
  coverage(table: () => readonly Row[]): void
  /** Shows a stored run that is reused. */
  takeOver(index: number, run: FinishedRun): void
  /** Ends the display; its last line says whether all runs finished. */
  end(): void
}

interface LiveLine {
  readonly name: string
  readonly seed: number
  readonly exact: ThinCurve
  readonly loss: ThinCurve
}

/** Maximum share of one core's time for drawing, … */
const DRAWING_SHARE = 0.01
/**
 * … and for making the figure at most 1 / MAKING_PARTS, within these limits in milliseconds: the first drawing takes long,
 * and would otherwise stay alone for a minute.
 */
const MAKING_PARTS = 500
const MAKING_MS = 1000
const MAKING_LONGEST_MS = 10_000

/** Minimum milliseconds between updates of the table of runs; at most a hundredth of the time is spent on making it. */
const TABLE_MS = 1000
const TABLE_PARTS = 100

/**
 * Shows runs in a notebook: one line with rate, time left and best metrics, how far each run of a sweep is, and the growing curves of
 * exact accuracy and training loss.
 *
 * @param works the runs in order of execution
 * @param before steps that each run has already made; default none
 * @param names the names of each run's values in the grid; default none
 */
export function liveRuns(
  works: readonly RunWork[],
  before: readonly number[] = [],
  names: readonly ValueNames[] = [],
): LiveRuns {
  const configs = works.map(({ config }) => config)
  const steps = works.map(({ trainSteps }) => trainSteps)
  const times = new RunTimes(works, before)
  let parallel: ParallelTimes | null = null
  const at = configs.map(() => 0)
  const running = new Set<number>()
  let processes = 1
  const named = configs.map((config, i) => ({ config, names: names[i] }))
  const comparison = new ConfigComparison(named)
  const lines = named.map((one): LiveLine => {
    const name = comparison.label(one)
    return { name, seed: one.config.seed, exact: new ThinCurve(), loss: new ThinCurve() }
  })
  let cost = ''
  const meter = openMeter({
    total: sum(steps),
    unit: 'steps',
    better: { 'train.loss': 'none' },
    left: () => (parallel ? parallel.left() : times.left(works.length)),
  })
  let finished = 0
  let plot: Display | null = null
  let drawAt = 0
  const draw = (): void => {
    const started = performance.now()
    const figure = liveFigure(lines)
    if (plot) plot.update(figure)
    else plot = show(figure, { drawingShare: DRAWING_SHARE })
    const now = performance.now()
    drawAt = now + Math.min(MAKING_LONGEST_MS, Math.max(MAKING_MS, (now - started) * MAKING_PARTS))
  }
  let table: { readonly rows: () => readonly Row[]; readonly display: Display; nextAt: number } | null = null
  const tabulate = (): void => {
    const started = performance.now()
    if (!table || started < table.nextAt) return
    table.display.update(table.rows())
    const now = performance.now()
    table.nextAt = now + Math.max(TABLE_MS, TABLE_PARTS * (now - started))
  }
  const placeOf = (index: number, step: number): string =>
    configs.length === 1 ? `step ${step}` : `${lines[index]!.name}, seed ${lines[index]!.seed}, step ${step}`
  const label = (index: number, id: string): void => {
    const { name, seed } = lines[index]!
    if (processes > 1) meter.label(`${running.size} of ${configs.length} runs at work on ${processes} processes`)
    else
      meter.label(configs.length === 1 ? `run ${id}` : `run ${index + 1} of ${configs.length} (${name}, seed ${seed})`)
  }
  const plan = (estimates: readonly (Estimate | null)[]): void => {
    if (!cost) meter.head(memoryText(estimates))
  }
  const note = (text: string): void => void process.stdout.write(`${text}\n`)
  return {
    note,
    observer: (index) => {
      const line = lines[index]!
      return {
        onNote: note,
        onEstimating: () => meter.doing(ESTIMATING),
        onEstimate: (estimate) => plan([estimate]),
        onStart: ({ id, step }) => {
          times.start(index)
          parallel?.start(index, step)
          running.add(index)
          meter.doing('')
          label(index, id)
          meter.skip(step - at[index]!)
          at[index] = step
        },
        onStep: (stepMetrics) => {
          const { step, trainSeconds, ...metrics } = stepMetrics
          const loss = metrics['train.loss']
          times.step(step, trainSeconds)
          parallel?.step(index, stepMetrics)
          line.loss.add(step, loss)
          at[index] = step
          meter.at(sum(at))
          meter.report({ 'train.loss': loss })
          tabulate()
          // The first curve is drawn as soon as it exists.
          if (performance.now() >= drawAt && currentHost()?.live && line.loss.x.length > 1) draw()
        },
        onEvaluationTime: (seconds) => {
          times.takes('evaluation', seconds)
          parallel?.evaluationTime(index, seconds)
        },
        onEvaluating: (step, done, puzzles, seconds) => {
          times.evaluating(step, done, puzzles, seconds)
          parallel?.evaluating(index, done, puzzles, seconds)
          if (!parallel) meter.doing(evaluatingText(done, puzzles))
        },
        onEvaluation: (step, evaluation, weights) => {
          if (weights === 'live') return
          parallel?.evaluated(index)
          meter.doing('')
          line.exact.add(step, inPercent(evaluation['test.exact']))
          meter.report({ 'test.exact': evaluation['test.exact'], ...ownMetrics(evaluation) }, placeOf(index, step))
          if (performance.now() >= drawAt || step === steps[index]) draw()
        },
        onEnd: (state, ended) => {
          running.delete(index)
          if (state === 'finished') {
            finished++
            parallel?.end(index)
          }
          if (parallel) label(index, '')
          if (ended?.message)
            note(`${configs.length === 1 ? '' : `${line.name}, seed ${line.seed}: `}${state} ${ended.message}`)
          tabulate()
          if (line.loss.x.length > 0) draw()
        },
      }
    },
    plan,
    cost: (text) => {
      cost = text
      meter.head(text)
    },
    workers: (count) => {
      processes = count
      if (count > 1) parallel = new ParallelTimes(works, before, count)
    },
    coverage: (rows) => {
      if (currentHost()?.live) table = { rows, display: show(rows()), nextAt: performance.now() + TABLE_MS }
    },
    takeOver: (index, run) => {
      finished++
      label(index, run.id)
      meter.skip(steps[index]! - at[index]!)
      at[index] = steps[index]!
      parallel?.end(index)
      for (const { step, 'train.loss': loss } of run.metrics) lines[index]!.loss.add(step, loss)
      for (const { step, 'test.exact': exact, ...others } of primaryRows(run.evaluations)) {
        lines[index]!.exact.add(step, inPercent(exact))
        meter.report({ 'test.exact': exact, ...ownMetrics(others) }, placeOf(index, step))
      }
    },
    end: () => {
      table?.display.update(table.rows())
      if (parallel) meter.label(`${configs.length} runs on ${processes} processes`)
      meter.end(finished === configs.length ? 'done' : 'stopped')
    },
  }
}

/** Returns exact accuracy if there was an evaluation, next to the loss. */
function liveFigure(lines: readonly LiveLine[]): Figure {
  const of = (which: 'exact' | 'loss'): Curve[] =>
    lines
      .filter((line) => line[which].x.length > 0)
      .map(({ name, seed, ...line }) => ({ name, seed, ...pointsOf(line[which]) }))
  const loss = curves(of('loss'), { x: 'optimiser step', y: metricTitle('train.loss'), better: 'lower' })
  const exact = of('exact')
  if (exact.length === 0) return loss
  return beside(curves(exact, { x: 'optimiser step', y: metricTitle('test.exact'), range: [0, 100] }), loss)
}

/** Returns a copy: the curve grows while it is drawn. */
function pointsOf({ x, y }: ThinCurve): Pick<Curve, 'x' | 'y'> {
  return { x: [...x], y: [...y] }
}

function inPercent(share: number | null): number | null {
  return share === null ? null : 100 * share
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0)
}
