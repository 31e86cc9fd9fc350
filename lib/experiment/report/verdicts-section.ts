import { UserError } from '../../errors.js'
import { escapeHtml } from '../../escape/html.js'
import { metricTitle } from '../../evaluate/metric-names.js'
import type { Runs } from '../compare/runs.js'
import { list, paragraphs, type Section } from './html.js'
import { bestFirst, metricsOf } from './metrics.js'

/** Largest number of configurations that are all compared with each other; of more, the best is compared with the next. */
const ALL_PAIRS = 4
/** Largest number of configurations that the best is compared with. */
const COMPARED = 5

/** A comparison of two configurations in words. */
export interface Verdict {
  readonly text: string
  /** Test, source of the published number, warnings. */
  readonly remarks: readonly string[]
}

/** Returns verdicts on pairs of configurations by the first metric of the runs, those with the best configuration first. */
export function verdictsOn(runs: Runs): Verdict[] {
  const [metric] = metricsOf(runs)
  if (metric === undefined) return []
  const labels = bestFirst(runs, metric)
  const pairs =
    labels.length <= ALL_PAIRS
      ? labels.flatMap((a, i) => labels.slice(i + 1).map((b) => [a, b] as const))
      : labels.slice(1, 1 + COMPARED).map((b) => [labels[0]!, b] as const)
  return pairs.map(([a, b]) => {
    try {
      const [text, ...remarks] = runs.compare(a, b, metric).lines()
      return { text: text!, remarks }
    } catch (error) {
      if (!(error instanceof UserError)) throw error
      return { text: `${a} and ${b} cannot be compared.`, remarks: [error.message] }
    }
  })
}

/** Returns the verdicts as a section. */
export function verdictsSection(runs: Runs, verdicts: readonly Verdict[]): Section {
  const [metric] = metricsOf(runs)
  const labels = metric === undefined ? [] : runs.summary(metric).rows.filter(({ isArm }) => !isArm)
  const capped =
    labels.length > ALL_PAIRS
      ? `The best of ${labels.length} configurations by ${metricTitle(metric!)} is compared with the ${verdicts.length} next ones.`
      : ''
  const html =
    verdicts.length === 0
      ? paragraphs(
          metric === undefined
            ? 'No run has been evaluated yet.'
            : 'One configuration has nothing to be compared with.',
        )
      : [
          ...(capped === '' ? [] : [paragraphs(capped)]),
          ...verdicts.map(({ text, remarks }) => `<p><b>${escapeHtml(text)}</b></p>\n${list(remarks)}`),
        ].join('\n')
  return { id: 'verdicts', title: 'Verdicts', html }
}
