import type { Row } from '../../files/arrow-rows.js'
import { currentHost } from '../../notebook/host.js'
import { streamSink } from '../../notebook/status-line.js'
import { ConfigComparison, type ValueNames } from '../../results/config-comparison.js'
import type { FinishedRun } from '../compare/runs.js'
import type { Estimate } from '../estimate/memory.js'
import { RunTimes } from '../estimate/run-times.js'
import type { RunWork } from '../estimate/work.js'
import type { RunObserver } from '../run/observer.js'
import type { SessionOptions } from '../run/session.js'
import { type Stop, stoppable } from '../run/stop.js'
import { type LiveRuns, liveRuns } from './live.js'
import { parallelReport } from './parallel-report.js'
import { ParallelTimes } from './parallel-times.js'
import { memoryText, reportObserver } from './report.js'

/** The observers of runs, and the signal that stops them. */
export interface Watch extends Stop {
  /** Returns the observer of a run, by its index in the order of execution. */
  observer(index: number): RunObserver
  /** Shows a note on all runs. */
  note(text: string): void
  /** Shows the memory of all runs; null for one that is not made. */
  plan(estimates: readonly (Estimate | null)[]): void
  /** Sets the number of processes that train runs at the same time. */
  workers(count: number): void
  /** Shows the cost of all runs, a sentence. */
  cost(text: string): void
  /** Shows how far all runs are, as a table that goes on changing. */
  coverage(table: () => readonly Row[]): void
  /** Shows a stored run that is reused. */
  takeOver(index: number, run: FinishedRun): void
}

/**
 * Runs work under the given observer; by default a notebook shows a progress line and live curves, and a terminal prints
 * lines. An observer without callbacks shows nothing.
 *
 * @param works the runs in order of execution
 * @param before steps that each run has already made
 * @param names the names of each run's values in the grid; default none
 * @param stream where a terminal's lines go
 */
export function watched<T>(
  { observer, signal }: SessionOptions,
  works: readonly RunWork[],
  before: readonly number[],
  work: (watch: Watch) => Promise<T>,
  names: readonly ValueNames[] = [],
  stream: NodeJS.WriteStream = process.stdout,
): Promise<T> {
  return stoppable(signal, async (stop) => {
    if (observer) return work({ ...stop, ...given(observer) })
    if (!currentHost()) return work({ ...stop, ...printed(works, before, names, stream) })
    const live = liveRuns(works, before, names)
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
    plan: (estimates) => observer.onPlan?.(estimates),
    workers: () => {},
    cost: (text) => observer.onNote?.(text),
    coverage: () => {},
    takeOver: (_, run) => observer.onNote?.(takenOver(run)),
  }
}

function printed(
  works: readonly RunWork[],
  before: readonly number[],
  names: readonly ValueNames[],
  stream: NodeJS.WriteStream,
): Watcher {
  const sink = streamSink(stream, 'later')
  const named = works.map(({ config }, i) => ({ config, names: names[i] }))
  const comparison = new ConfigComparison(named)
  const label = (index: number): string => {
    const one = named[index]!
    return named.length === 1 ? '' : `${index + 1}/${named.length} ${comparison.label(one)}, seed ${one.config.seed}`
  }
  const times = new RunTimes(works, before)
  const toMake = works.map(({ trainSteps }, index) => (before[index] ?? 0) < trainSteps)
  let observer = (index: number): RunObserver =>
    reportObserver(sink, label(index), { index, times, runs: toMake.slice(index).filter(Boolean).length })
  return {
    observer: (index) => observer(index),
    workers: (workers) => {
      if (workers === 1) return
      const labels = works.map((_, index) => label(index))
      observer = parallelReport({ sink, works, labels, times: new ParallelTimes(works, before, workers), workers })
    },
    cost: (text) => sink.line(text),
    // The command prints the table at the end.
    coverage: () => {},
    note: (text) => sink.line(text),
    takeOver: (index, run) => sink.line([label(index), takenOver(run)].filter(Boolean).join(': ')),
    plan: (estimates) => sink.line(memoryText(estimates)),
  }
}

function takenOver({ id }: FinishedRun): string {
  return `run ${id} was already finished and is reused`
}
