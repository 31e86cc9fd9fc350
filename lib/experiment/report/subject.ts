import { UserError } from '../../errors.js'
import { isRefused } from '../../files/system-errors.js'
import { type DamagedRun, openRun } from '../../results/run.js'
import { type FinishedRun, Runs } from '../compare/runs.js'
import { loadRun } from '../run/load.js'
import { Coverage } from '../sweep/coverage.js'
import type { SweepPlan } from '../sweep/plan.js'
import { SweepRuns } from '../sweep/sweep.js'

/** The runs of a report, and what is known of those that cannot be read. */
export interface ReportSubject {
  readonly title: string
  /** The question that the runs answer, possibly of several lines; null if none was written down. */
  readonly question: string | null
  readonly runs: Runs
  /** How far each planned run is; null for runs that are not those of a sweep. */
  readonly coverage: Coverage | null
  readonly damaged: readonly DamagedRun[]
}

/** Returns runs as the subject of a report: a sweep's with their coverage, under the name of the sweep. */
export function subjectOf(runs: Runs, damaged: readonly DamagedRun[] = []): ReportSubject {
  const coverage = runs instanceof SweepRuns ? runs.coverage : null
  return { title: titleOf(runs, coverage), question: questionOf(runs, coverage), runs, coverage, damaged }
}

/** Returns the stored runs of a plan; one that cannot be read does not hide the others. */
export function subjectOfPlan(plan: SweepPlan): ReportSubject {
  const coverage = new Coverage(plan)
  const names = new Map(plan.runs.map((planned) => [planned.run, planned.names]))
  const { runs, damaged } = readable(
    coverage.stored.map(({ run }) => run),
    (run) => ({ ...loadRun(run, plan.resultsDir), names: names.get(run)! }),
  )
  return subjectOf(new SweepRuns(runs, coverage), damaged)
}

/**
 * Returns stored runs, each named once; one whose files are damaged does not hide the others.
 *
 * @param names folders, IDs or prefixes of IDs
 * @throws UserError (exit code 2) for a name that no run has.
 */
export function subjectOfRuns(names: readonly string[], resultsDir?: string): ReportSubject {
  const { runs, damaged } = readable(names, (name) => loadRun(name, resultsDir))
  const once = [...new Map(runs.map((run) => [run.dir, run])).values()]
  return subjectOf(new Runs(once), damaged)
}

/** Reads runs. @throws UserError for a wrong name, which has exit code 2, unlike a damaged run */
function readable(
  names: readonly string[],
  read: (name: string) => FinishedRun,
): { runs: FinishedRun[]; damaged: DamagedRun[] } {
  const damaged: DamagedRun[] = []
  const runs = names.flatMap((name) => {
    try {
      return [read(name)]
    } catch (error) {
      if (!(error instanceof UserError) || error.exitCode === 2) throw error
      damaged.push({ id: name, problem: error.message })
      return []
    }
  })
  return { runs, damaged }
}

function titleOf({ all }: Runs, coverage: Coverage | null): string {
  const names = [...new Set(all.map(({ label }) => label?.name ?? null))]
  if (names.length === 1 && names[0] != null) return names[0]
  if (coverage) return coverage.plan.id
  return all.length === 1 ? all[0]!.id : `${all.length} runs`
}

/** Returns the note that the sweep, or every run, was given. */
function questionOf({ all }: Runs, coverage: Coverage | null): string | null {
  if (coverage?.plan.label.note) return coverage.plan.label.note
  const notes = [...new Set(all.map(({ label }) => label?.note ?? null))]
  return notes.length === 1 ? notes[0]! : null
}

/** How far a run is. */
export interface RunProgress {
  readonly state: string
  readonly step: number
  /** null if unknown. */
  readonly trainSteps: number | null
  /** Reason of a failure; null without one. */
  readonly message: string | null
}

/** Returns how far a run is, as stored; null where its folder is gone. @throws UserError when the system refuses to tell. */
export function progressOf({ dir }: FinishedRun): RunProgress | null {
  try {
    const { state, status } = openRun(dir)
    return { state, step: status.step, trainSteps: status.trainSteps, message: status.message }
  } catch (error) {
    if (error instanceof UserError && !isRefused(error)) return null
    throw error
  }
}
