import type { Config } from '../config/schema.js'
import { type Display, show } from '../notebook/display.js'
import { type Curve, curves } from '../plot/curves.js'
import { configLabel, differingKeys } from './grid.js'
import type { RunObserver } from './observer.js'
import { formatSeconds, remainingSeconds } from './progress.js'

/** Milliseconds between two updates of the status line; the display itself holds back faster ones. */
const STATUS_MS = 1000

/**
 * Watches a sweep in a notebook: one status line with rate, time to go and the best so far, and the curves of exact
 * accuracy as they grow.
 *
 * @param configs the sweep's configurations in the order they are run
 * @param steps the length of each in optimiser steps
 * @returns the observer of each run
 */
export function liveSweep(configs: readonly Config[], steps: readonly number[]): (index: number) => RunObserver {
  const keys = differingKeys(configs)
  const total = steps.reduce((a, b) => a + b, 0)
  const names = configs.map((config) => configLabel(config, keys))
  const lines: { name: string; seed: number; x: number[]; y: number[] }[] = []
  const started = performance.now()
  const status = show(`${configs.length} runs of ${total} steps in all`)
  let plot: Display | null = null
  let best = Number.NaN
  let shownAt = 0
  return (index) => {
    const before = steps.slice(0, index).reduce((a, b) => a + b, 0)
    const name = `${names[index]}, seed ${configs[index]!.seed}`
    const line = { name: names[index]!, seed: configs[index]!.seed, x: [] as number[], y: [] as number[] }
    const tell = (step: number): void => {
      const seconds = (performance.now() - started) / 1000
      const done = before + step
      const left = done < total ? `${formatSeconds(remainingSeconds({ done, total, seconds }))} left` : 'done'
      const record = Number.isNaN(best) ? '' : ` · best test.exact ${best.toFixed(1)} %`
      status.update(
        `run ${index + 1} of ${configs.length} (${name}) · step ${step} of ${steps[index]} · ${(done / seconds).toFixed(1)} steps/s · ${formatSeconds(seconds)} so far, ${left}${record}`,
      )
    }
    return {
      onStep({ step }) {
        if (performance.now() - shownAt < STATUS_MS && step < steps[index]!) return
        shownAt = performance.now()
        tell(step)
      },
      onEvaluation(step, evaluation) {
        const exact = evaluation['test.exact'] * 100
        if (line.x.length === 0) lines.push(line)
        line.x.push(step)
        line.y.push(exact)
        if (!(exact <= best)) best = exact
        const figure = curves(lines satisfies Curve[], {
          x: 'optimiser step',
          y: 'test.exact (%)',
          range: [0, 100],
        })
        if (plot) plot.update(figure)
        else plot = show(figure)
        tell(step)
      },
    }
  }
}
