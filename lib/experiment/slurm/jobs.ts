import path from 'node:path'
import { z } from 'zod'
import { UserError } from '../../errors.js'
import { hasEntry } from '../../files/regular.js'
import { readSealedJson, type SealedFormat, writeSealedJson } from '../../files/sealed-json.js'
import type { SweepPlan } from '../sweep/plan.js'
import { slurmIfThere } from './commands.js'
import { slurmSchema } from './options.js'
import { jobName, slurmPlaces } from './places.js'

const FORMAT: SealedFormat = {
  what: 'the jobs of a sweep',
  version: 3,
  todo: 'Remove the file: squeue shows the jobs, and the runs lose nothing.',
}

const jobSchema = z.strictObject({
  /** The job arrays, of which task N trains run `offset` + N: one, unless Slurm takes no array of that length. */
  arrays: z.array(z.strictObject({ id: z.string(), offset: z.int() })),
  /** ID of the job that follows: it makes tables and figures, and takes decisions of successive halving; null without. */
  report: z.string().nullable(),
  /** Indices of the runs that were submitted. */
  runs: z.array(z.int()),
  /** The options of the submission, with which the job after it submits what goes on. */
  options: slurmSchema,
  /** Date and time of the submission. */
  submitted: z.string(),
})

/** A submission of a sweep to Slurm. */
export type SlurmJob = z.infer<typeof jobSchema>

/** State of a submitted task in Slurm's queue. */
export interface QueuedTask {
  readonly array: string
  /** Index of the run; null for the job that follows an array. */
  readonly run: number | null
  /** Slurm's word, e.g. `RUNNING`, `PENDING`, `COMPLETING`. */
  readonly state: string
  /** Why it waits, in Slurm's word; a node where it could not work, for a task that was put on hold. */
  readonly reason: string
}

/** Returns the submissions of a sweep, oldest first. @throws UserError when their file is damaged */
export function storedJobs(plan: Pick<SweepPlan, 'dir'>): SlurmJob[] {
  const file = fileOf(plan)
  if (!hasEntry(file)) return []
  const parsed = z.array(jobSchema).safeParse(readSealedJson(file, FORMAT).jobs)
  if (parsed.success) return parsed.data
  throw new UserError({
    where: file,
    expected: 'a list of jobs',
    found: 'something else',
    todo: FORMAT.todo,
  })
}

/** Adds a submission. */
export function recordJob(plan: Pick<SweepPlan, 'dir'>, job: SlurmJob): void {
  writeSealedJson(fileOf(plan), FORMAT, { jobs: [...storedJobs(plan), job] })
}

/** Returns the tasks of a sweep that are in Slurm's queue; null when that is unknown here, as without squeue. */
export async function queuedTasks(plan: Pick<SweepPlan, 'dir' | 'id'>): Promise<QueuedTask[] | null> {
  const jobs = storedJobs(plan)
  if (jobs.length === 0) return []
  // Squeue fails for an ID that Slurm has forgotten, not for a name.
  const format = '%A|%F|%K|%T|%r|%k'
  const text = await slurmIfThere('squeue', ['--noheader', '--array', `--name=${jobName(plan)}`, `--format=${format}`])
  if (text === null) return null
  return text.split('\n').flatMap((line): QueuedTask[] => {
    const [id, array, task, state = '', reason = '', ...comment] = line.split('|')
    const said = comment.join('|')
    const shown = said === '' || said === '(null)' ? reason : said
    if (jobs.some((job) => job.report === id)) return [{ array: id!, run: null, state, reason: shown }]
    const ours = jobs.flatMap(({ arrays }) => arrays).find((one) => one.id === array)
    return ours ? [{ array: ours.id, run: ours.offset + Number(task), state, reason: shown }] : []
  })
}

/** Returns the indices of a sweep's runs that are in Slurm's queue; empty when that is unknown here. */
export async function queuedRuns(plan: Pick<SweepPlan, 'dir' | 'id'>): Promise<Set<number>> {
  const tasks = (await queuedTasks(plan)) ?? []
  return new Set(tasks.flatMap(({ run }) => (run === null ? [] : [run])))
}

/** Returns a sentence on the tasks in the queue: `Slurm: job 12: 3 running, 9 pending (Resources)`; empty without any. */
export function queueText(tasks: readonly QueuedTask[]): string {
  const counts = new Map<string, number>()
  for (const { array, run, state, reason } of tasks) {
    const why = state === 'PENDING' && reason !== 'None' ? ` (${reason})` : ''
    const what = `job ${array}${run === null ? ', the report' : ''}: ${state.toLowerCase()}${why}`
    counts.set(what, (counts.get(what) ?? 0) + 1)
  }
  return [...counts].map(([what, count]) => `Slurm: ${what}${count > 1 ? `, ${count} tasks` : ''}\n`).join('')
}

function fileOf(plan: Pick<SweepPlan, 'dir'>): string {
  return path.join(slurmPlaces(plan).folder, 'jobs.json')
}
