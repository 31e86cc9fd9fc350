import { z } from 'zod'
import { UserError } from '../../errors.js'
import { didYouMean } from '../../options/nearest.js'
import { parseOptions } from '../../options/options.js'

const line = z.string().regex(/^[^\r\n\0]+$/, 'text of one line')
const amount = z.union([line, z.number().int().positive()])

/** Options of a job array, with their meaning. */
export const slurmSchema = z.strictObject({
  partition: line.optional().describe("Partition. Default: the cluster's."),
  account: line.optional().describe("Account. Default: the user's."),
  time: amount.optional().describe("Time limit of a task, in Slurm's form or in minutes. Default: the partition's."),
  memory: amount.optional().describe("Memory of a task, in Slurm's form or in MiB. Default: the partition's."),
  cpus: z.int().min(1).optional().describe('Cores of a task, and the threads that it trains with. Default: 1.'),
  gres: line.optional().describe('Generic resources of a task, such as gpu:1. Default: none.'),
  width: z.int().min(1).optional().describe('Tasks that run at the same time. Default: as many as the cluster allows.'),
  warnSeconds: z
    .int()
    .min(1)
    .max(65_535)
    .optional()
    .describe('Seconds before the time limit at which a task saves and requeues itself. Default: 120.'),
  requeues: z.int().min(0).optional().describe('Most requeues of a task. Default: 100.'),
  report: z.boolean().optional().describe('Whether a dependent job makes tables and figures. Default: true.'),
  sbatch: z
    .union([z.record(z.string(), z.union([line, z.number(), z.boolean()])), z.array(line)])
    .optional()
    .describe('Other options of sbatch, by name, or as a list of words such as --mail-type=END. Default: none.'),
})

/**
 * Options by which a sweep is submitted to Slurm.
 *
 * @example
 * await sweep(base, grid, data, { on: 'slurm', slurm: { partition: 'cpu', time: '4:00:00', cpus: 8, width: 20 } })
 */
export type SlurmOptions = z.input<typeof slurmSchema>

/** Checked options with every default that this project sets. */
export interface ResolvedSlurm {
  /** Options of sbatch for every job, in the order in which the script lists them. */
  readonly shared: readonly Directive[]
  readonly cpus: number
  readonly width: number | null
  readonly warnSeconds: number
  readonly requeues: number
  readonly report: boolean
}

/** An option of sbatch; null as its value for one without. */
export type Directive = readonly [name: string, value: string | null]

/** Options of sbatch that the scripts set themselves, and what sets each here; null when nothing does. */
const OWN: Readonly<Record<string, string | null>> = {
  array: 'width',
  'cpus-per-task': 'cpus',
  signal: 'warnSeconds',
  requeue: 'requeues',
  'no-requeue': 'requeues',
  'job-name': null,
  output: null,
  error: null,
  'open-mode': null,
  chdir: null,
  parsable: null,
  wrap: null,
}

/**
 * Checks the options of a submission.
 *
 * @throws UserError (exit code 2) for unknown keys, values of another kind, and options of sbatch that the script sets itself.
 */
export function resolveSlurm(input: SlurmOptions = {}): ResolvedSlurm {
  const options = parseOptions(slurmSchema, input, 'a submission to Slurm')
  const { partition, account, time, memory, gres, cpus = 1, width = null, sbatch = {} } = options
  const given: [string, string | number | undefined][] = [
    ['partition', partition],
    ['account', account],
    ['time', time],
    ['mem', memory],
    ['gres', gres],
  ]
  const own = given.flatMap(([name, value]): Directive[] => (value === undefined ? [] : [[name, String(value)]]))
  const passed = Array.isArray(sbatch) ? sbatch.map(directiveOf) : Object.entries(sbatch).flatMap(directiveOfEntry)
  for (const directive of passed) refuseOwn(directive, own)
  const { warnSeconds = 120, requeues = 100, report = true } = options
  return { shared: [...own, ...passed], cpus, width, warnSeconds, requeues, report }
}

const NAME = /^[a-z][a-z0-9-]*$/

function directiveOf(word: string): Directive {
  const [, name, value] = /^--([a-z][a-z0-9-]*)(?:=(.+))?$/.exec(word) ?? []
  if (name === undefined) throw wrongOption('a list of words such as --mail-type=END', JSON.stringify(word))
  return [name, value ?? null]
}

function directiveOfEntry([name, value]: [string, string | number | boolean]): Directive[] {
  if (!NAME.test(name)) throw wrongOption('the name of an option of sbatch, such as mail-type', JSON.stringify(name))
  if (value === false) return []
  return [[name, value === true ? null : String(value)]]
}

function refuseOwn([name]: Directive, own: readonly Directive[]): void {
  if (own.some(([other]) => other === name)) throw wrongOption(`${name} once`, 'it twice')
  if (!Object.hasOwn(OWN, name)) return
  const instead = OWN[name]
  const todo = instead ? `Use ${instead}.` : 'Leave it out.'
  throw wrongOption('an option that the script does not set itself', name, todo)
}

function wrongOption(expected: string, found: string, todo?: string): UserError {
  const near = didYouMean(found, Object.keys(OWN))
  const advice = todo ?? (near && NAME.test(found) ? near : undefined)
  return new UserError({ where: 'sbatch', expected, found, ...(advice ? { todo: advice } : {}), exitCode: 2 })
}
