import { list, paragraphs, type Section, table } from './html.js'
import { progressOf, type ReportSubject, type RunProgress } from './subject.js'

/** Largest number of runs of which each has a row. */
const LISTED = 100

/** Returns which runs there are, how far each is, and which cannot be read. */
export function coverageSection({ runs, coverage, damaged }: ReportSubject): Section {
  const unreadable = damaged.map(({ id, problem }) => `Run ${id} cannot be read: ${problem}`)
  if (coverage) {
    const broken = new Set(damaged.map(({ id }) => id))
    const failed = coverage.runs.filter(({ run, state }) => state === 'failed' && !broken.has(run))
    const html = [
      paragraphs(coverage.text()),
      table(coverage.table()),
      list([...failed.map(({ run, message }) => `Failed: ${run}: ${message ?? 'no reason is stored'}`), ...unreadable]),
    ]
    return section(html)
  }
  const all = runs.all.map((run) => ({ run, progress: progressOf(run) }))
  const shown = all.slice(0, LISTED)
  const rows = shown.map(({ run, progress }) => ({
    run: run.id,
    name: run.label?.name ?? null,
    seed: run.config.seed,
    state: progress?.state ?? null,
    steps: progress && `${progress.step} of ${progress.trainSteps ?? '?'}`,
    'ended by': run.ended ?? null,
    evaluations: run.evaluations.length,
  }))
  const failed = all.flatMap(({ run, progress }) => (progress?.message ? [`${run.id}: ${progress.message}`] : []))
  const more = all.length > LISTED ? [`${all.length - LISTED} more runs are not listed.`] : []
  return section([
    paragraphs(countText(all.map(({ progress }) => progress))),
    table(rows),
    list([...more, ...failed, ...unreadable]),
  ])
}

function section(parts: readonly string[]): Section {
  return { id: 'coverage', title: 'Coverage', html: parts.filter((part) => part !== '').join('\n') }
}

/** Returns a sentence: `3 runs: 2 finished, 1 interrupted.` */
function countText(all: readonly (RunProgress | null)[]): string {
  const states = all.map((progress) => progress?.state ?? 'without a folder')
  const counts = [...new Set(states)].map((state) => `${states.filter((other) => other === state).length} ${state}`)
  return `${all.length} ${all.length === 1 ? 'run' : 'runs'}${counts.length > 0 ? `: ${counts.join(', ')}` : ''}.`
}
