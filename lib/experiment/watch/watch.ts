import { differingKeys } from '../../config/effective.js'
import type { Config } from '../../config/schema.js'
import { currentHost } from '../../notebook/host.js'
import { streamSink } from '../../notebook/status-line.js'
import type { FinishedRun } from '../compare/runs.js'
import type { RunObserver } from '../run/observer.js'
import type { SessionOptions } from '../run/session.js'
import { type Stop, stoppable } from '../run/stop.js'
import { configLabel } from '../sweep/grid.js'
import { type CostPlan, planText } from '../sweep/plan.js'
import { type LiveRuns, liveRuns } from './live.js'
import { reportObserver } from './report.js'

/** The observers of runs, and the signal that stops them. */
export interface Watch extends Stop {
  /** The observer of each run, by its place in the order they are run. */
  observer(index: number): RunObserver
  /** A remark on all runs. */
  note(text: string): void
  /** The estimated cost of all runs. */
  plan(plan: CostPlan): void
  /** Shows a stored run that is taken over. */
  takeOver(index: number, run: FinishedRun): void
}

/**
 * Does work on runs, watched by the observer that was given, else, in a notebook, by a line of progress and live curves,
 * elsewhere by lines on standard output. Whoever wants silence gives an observer that does nothing.
 *
 * @param configs of the runs, in the order they are run
 * @param steps the length of each in optimiser steps
 */
export function watched<T>(
  { observer, signal }: SessionOptions,
  configs: readonly Config[],
  steps: readonly number[],
  work: (watch: Watch) => Promise<T>,
): Promise<T> {
  return stoppable(signal, async (stop) => {
    if (observer) return work({ ...stop, ...given(observer) })
    if (!currentHost()) return work({ ...stop, ...printed(configs) })
    const live = liveRuns(configs, steps)
    try {
      return await work({ ...stop, ...live })
    } finally {
      live.end()
    }
  })
}

type Watcher = Omit<LiveRuns, 'end'>

function given(observer: RunObserver): Watcher {
  return {
    observer: () => observer,
    note: (text) => observer.onNote?.(text),
    plan: (plan) => observer.onPlan?.(plan),
    takeOver: (_, run) => observer.onNote?.(takenOver(run)),
  }
}

function printed(configs: readonly Config[]): Watcher {
  const sink = streamSink(process.stdout, 'later')
  const keys = differingKeys(configs)
  const label = (index: number): string => {
    const config = configs[index]!
    return configs.length === 1
      ? ''
      : `${index + 1}/${configs.length} ${configLabel(config, keys)}, seed ${config.seed}`
  }
  let costs: CostPlan | null = null
  return {
    observer: (index) => reportObserver(sink, label(index), costs?.estimates[index]?.totalSeconds ?? null),
    note: (text) => sink.line(text),
    takeOver: (index, run) => sink.line([label(index), takenOver(run)].filter(Boolean).join(': ')),
    plan: (plan) => {
      costs = plan
      sink.line(planText(plan))
    },
  }
}

function takenOver({ id }: FinishedRun): string {
  return `run ${id} had been finished and is taken over`
}
