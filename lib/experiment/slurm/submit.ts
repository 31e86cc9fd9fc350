import { makeFolder, writeFileAtomic } from '../../files/atomic.js'
import { uncancelSweep } from '../sweep/cancel.js'
import { type PlannedStatus, statusesOf } from '../sweep/coverage.js'
import { awaitsDecision } from '../sweep/halving.js'
import type { SweepPlan } from '../sweep/plan.js'
import { waitingTasks } from '../sweep/queue.js'
import { slurm, slurmIfThere } from './commands.js'
import { queuedRuns, recordJob, type SlurmJob, storedJobs } from './jobs.js'
import { resolveSlurm, type SlurmOptions } from './options.js'
import { slurmPlaces } from './places.js'
import { arrayScript, reportScript } from './script.js'

/** The outcome of a submission. */
export interface Submission {
  /** The new jobs; null when nothing was left to submit. */
  readonly job: SlurmJob | null
  /** Number of unfinished runs that an earlier submission has in the queue. */
  readonly queued: number
  /** Path of the batch script. */
  readonly script: string
  /** Whether the dependent job takes a decision of successive halving. */
  readonly decides: boolean
}

/**
 * Submits the unfinished runs of a stored plan as one job array, or as several where Slurm takes no array of that length, and a
 * dependent job that makes tables and figures. With successive halving an array trains to the next decision, and the dependent job takes
 * it and submits the array that follows; see `advanceSweep`. Runs that an earlier submission has in the queue are left to it; so are
 * those that failed, until they are retried.
 *
 * @throws UserError when sbatch is missing or refuses; no job is then left behind.
 */
export async function submitSweep(plan: SweepPlan, input: SlurmOptions = {}): Promise<Submission> {
  const options = resolveSlurm(input)
  const places = slurmPlaces(plan)
  const inQueue = await queuedRuns(plan)
  const isOpen = ({ state }: PlannedStatus): boolean => state === 'missing' || state === 'interrupted'
  const done = new Map<number, PlannedStatus>()
  const queued = statusesOf(plan, done).filter((status) => isOpen(status) && inQueue.has(status.index)).length
  const runs = waitingTasks(plan, inQueue, new Set(), done).map(({ index }) => index)
  if (runs.length === 0) return { job: null, queued, script: places.arrayScript(0), decides: false }
  const scripts = [...arraysOf(runs, await longestArray())].map(([offset, part]) => ({
    offset,
    file: places.arrayScript(offset),
    text: arrayScript(plan, part, options, offset),
  }))
  makeFolder(places.logs)
  for (const { file, text } of scripts) writeFileAtomic(file, text)
  const hasReport = options.report || awaitsDecision(plan)
  if (hasReport) writeFileAtomic(places.reportScript, reportScript(plan, options))
  // Before the submission: tasks may start at once, and stop at the mark of a cancelled sweep.
  uncancelSweep(plan)
  const arrays: { id: string; offset: number }[] = []
  try {
    for (const { file, offset } of scripts) arrays.push({ id: await sbatch([file]), offset })
    const after = `--dependency=afterany:${arrays.map(({ id }) => id).join(':')}`
    const report = hasReport ? await sbatch([after, places.reportScript]) : null
    const job = { arrays, report, runs, options: input, submitted: new Date().toISOString() }
    recordJob(plan, job)
    return { job, queued, script: scripts[0]!.file, decides: awaitsDecision(plan) }
  } catch (error) {
    if (arrays.length > 0)
      await slurmIfThere(
        'scancel',
        arrays.map(({ id }) => id),
      )
    throw error
  }
}

/** Returns the number of tasks that an array of this cluster may have; infinite when it is unknown. */
async function longestArray(): Promise<number> {
  const text = await slurmIfThere('scontrol', ['show', 'config'])
  const most = Number(/^MaxArraySize\s*=\s*(\d+)/m.exec(text ?? '')?.[1])
  return most > 0 ? most : Number.POSITIVE_INFINITY
}

/** Returns runs by the offset of their array: Slurm numbers tasks from 0 and below the longest length. */
export function arraysOf(runs: readonly number[], longest: number): Map<number, number[]> {
  const parts = new Map<number, number[]>()
  for (const run of runs) {
    const offset = Number.isFinite(longest) ? run - (run % longest) : 0
    parts.set(offset, [...(parts.get(offset) ?? []), run])
  }
  return parts
}

/** Submits a script. @returns the job's ID */
async function sbatch(args: readonly string[]): Promise<string> {
  const todo = `The script is ${args.at(-1)}; no job was submitted.`
  // A cluster's name follows the ID where there are several.
  return (await slurm('sbatch', ['--parsable', ...args], todo)).split(';')[0]!.trim()
}

/**
 * Removes the waiting tasks of a sweep from Slurm's queue; those at work save and end by themselves once the sweep is
 * cancelled, however long that takes.
 *
 * @returns whether Slurm was asked
 */
export async function cancelTasks(plan: SweepPlan): Promise<boolean> {
  const ids = storedJobs(plan).flatMap(({ arrays, report }) => [
    ...arrays.map(({ id }) => id),
    ...(report === null ? [] : [report]),
  ])
  if (ids.length === 0) return false
  return (await slurmIfThere('scancel', ['--quiet', '--state=PENDING', ...ids])) !== null
}

/** Returns sentences on what a submission did, for the user. */
export function submissionText({ job, queued, script, decides }: Submission): string {
  const before = queued > 0 ? `${runsText(queued)} already in Slurm's queue` : ''
  if (job === null) return before === '' ? 'Nothing is left to submit.' : `Nothing new is submitted: ${before}.`
  const work = decides ? 'decides which configurations go on, and submits them' : 'makes tables and figures'
  const report = job.report === null ? '' : `; then job ${job.report} ${work}`
  const ids = job.arrays.map(({ id }) => id).join(', ')
  return `Submitted ${runsText(job.runs.length)} as job ${ids}${before && ` (${before})`}${report}. Script: ${script}`
}

function runsText(count: number): string {
  return `${count} ${count === 1 ? 'run' : 'runs'}`
}
