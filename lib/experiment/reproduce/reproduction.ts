import { escapeHtml, NO_FORMULAS, paragraphHtml } from '../../escape/html.js'
import { metricName, metricText } from '../../evaluate/metric-names.js'
import type { Row } from '../../files/arrow-rows.js'
import { bundleOf, JUPYTER_DISPLAY } from '../../notebook/bundle.js'
import type { MimeBundle } from '../../notebook/host.js'
import type { Difference, RunDifferences } from './differences.js'
import type { EnvironmentChange } from './environment.js'

/** Content of a {@link Reproduction}. */
export interface ReproductionParts extends RunDifferences {
  readonly run: string
  readonly repetition: string
  readonly dir: string
  readonly steps: number
  readonly environment: readonly EnvironmentChange[]
  readonly results: readonly ResultPair[]
  readonly notes: readonly string[]
}

/** A metric of the last evaluation of a run and of its repetition. */
export interface ResultPair {
  readonly metric: string
  readonly before: number | null
  readonly after: number | null
}

/** Maximum number of changed sources that are listed one by one. */
const LISTED = 12

/** A run beside its repetition: whether they are equal bit for bit, where they first differ, and what changed around them. */
export class Reproduction {
  /** ID of the run. */
  readonly run: string
  /** ID and folder of its repetition. */
  readonly repetition: string
  readonly dir: string
  /** Optimiser steps compared. */
  readonly steps: number
  /** Whether all that was compared is equal, bit for bit. */
  readonly isSame: boolean
  /** The first difference; null without one. */
  readonly first: Difference | null
  /** Every column and tensor that differs, by step. */
  readonly differences: readonly Difference[]
  /** Numbers of rows, outcomes and tensors compared. */
  readonly compared: RunDifferences['compared']
  /** The last logged step before the first difference. */
  readonly equalUntil: number
  /** Differences between the recorded environments, those that can decide numbers first. */
  readonly environment: readonly EnvironmentChange[]
  /** Metrics of the last evaluation of both. */
  readonly results: readonly ResultPair[]
  /** Remarks, one sentence each. */
  readonly notes: readonly string[]

  constructor(parts: ReproductionParts) {
    this.run = parts.run
    this.repetition = parts.repetition
    this.dir = parts.dir
    this.steps = parts.steps
    this.isSame = parts.differences.length === 0
    this.first = parts.differences[0] ?? null
    this.differences = parts.differences
    this.compared = parts.compared
    this.equalUntil = parts.equalUntil
    this.environment = parts.environment
    this.results = parts.results
    this.notes = parts.notes
  }

  /** Returns the result in one sentence. */
  verdict(): string {
    const { metrics, evaluations, outcomes, tensors } = this.compared
    const counts = [
      counted(metrics, 'row of metrics', 'rows of metrics'),
      counted(evaluations, 'evaluation', 'evaluations'),
      ...(outcomes > 0 ? [counted(outcomes, 'outcome', 'outcomes')] : []),
      ...(tensors > 0 ? [counted(tensors, 'tensor', 'tensors')] : []),
    ]
    const compared = `${counts.slice(0, -1).join(', ')} and ${counts.at(-1)} of ${counted(this.steps, 'step', 'steps')}`
    const { first } = this
    if (!first) return `Run ${this.run} repeats with the same bits: ${compared}.`
    const where = first.part === 'checkpoint' ? `${first.name} in the checkpoint` : first.name
    const until = this.equalUntil > 0 ? `, after equal bits until step ${this.equalUntil}` : ''
    return `Run ${this.run} repeats with other bits: ${where} first differs in step ${first.step}${until} (${value(first.before)} before, ${value(first.after)} after).`
  }

  /** Returns one row per part of the environment that changed; changed sources beyond a dozen share a row. */
  environmentTable(): Row[] {
    const sources = this.environment.filter(({ what }) => what.startsWith('lib/'))
    const rest = sources.slice(LISTED)
    return this.environment
      .filter((one) => !rest.includes(one))
      .map(
        ({ what, before, after, decides }): Row => ({
          changed: what,
          before,
          after,
          'decides numbers': decides ? 'yes' : 'no',
        }),
      )
      .concat(
        rest.length > 0
          ? [{ changed: `${rest.length} more sources`, before: '', after: '', 'decides numbers': 'yes' }]
          : [],
      )
  }

  /** Returns the metrics of both last evaluations where one differs; else no row. */
  resultTable(): Row[] {
    if (this.results.every(({ before, after }) => Object.is(before, after))) return []
    return this.results.map(({ metric, before, after }) => ({
      metric: metricName(metric),
      before: metricText(metric, before),
      after: metricText(metric, after),
    }))
  }

  /** Returns a row for each column and tensor that differs, for display. */
  differenceTable(): Row[] {
    return this.differences.map(({ part, name, step, differing, relative }) => ({
      part,
      name,
      'first step': step,
      differing,
      'largest relative difference': relative === null ? null : Number(relative.toPrecision(2)),
    }))
  }

  /** Returns what the environments say about the result, and remarks, as sentences. */
  remarks(): string[] {
    const decisive = this.environment.filter(({ decides }) => decides)
    const said =
      this.environment.length === 0
        ? ['Nothing that the record holds of the environment has changed.']
        : this.isSame || decisive.length > 0
          ? []
          : ['No recorded part of the environment that decides numbers has changed.']
    return [...said, ...this.notes.map((note) => `${note[0]!.toUpperCase()}${note.slice(1)}.`)]
  }

  /** Returns verdict, changes and results for display in a notebook. */
  [JUPYTER_DISPLAY](): MimeBundle {
    const tables = [this.environmentTable(), this.resultTable()]
      .filter((rows) => rows.length > 0)
      .map((rows) => bundleOf(rows))
    return {
      'text/html': [
        `<p class="${NO_FORMULAS}"><b>${escapeHtml(this.verdict())}</b></p>`,
        ...tables.map((bundle) => bundle['text/html']),
        ...this.remarks().map(paragraphHtml),
      ].join(''),
      'text/plain': [this.verdict(), ...tables.map((bundle) => bundle['text/plain']), ...this.remarks()].join('\n'),
    }
  }
}

function counted(count: number, one: string, several: string): string {
  return `${count} ${count === 1 ? one : several}`
}

function value(cell: Difference['before']): string {
  return cell === null ? 'none' : String(cell)
}
