import path from 'node:path'
import { projectFolder } from '../../files/places.js'
import type { SweepPlan } from '../sweep/plan.js'

/** Absolute paths of a sweep's files for Slurm, all in the folder `slurm` of its plan. */
export interface SlurmPlaces {
  readonly folder: string
  /** The batch script of the array whose task 0 would train run `offset`. */
  arrayScript(offset: number): string
  readonly reportScript: string
  /** Log of the jobs that follow arrays. */
  readonly reportLog: string
  /** One file a run, `run-N.log`, to which all attempts append. */
  readonly logs: string
  /** Where the dependent job writes tables and figures. */
  readonly report: string
}

/** The program that the scripts start. */
export const command = path.join(projectFolder, 'lib', 'cli', 'recurlab.mjs')

/** Returns where a sweep's files for Slurm are. */
export function slurmPlaces({ dir }: Pick<SweepPlan, 'dir'>): SlurmPlaces {
  const folder = path.join(dir, 'slurm')
  return {
    folder,
    arrayScript: (offset) => path.join(folder, offset === 0 ? 'array.sh' : `array-${offset}.sh`),
    reportScript: path.join(folder, 'report.sh'),
    reportLog: path.join(folder, 'report.log'),
    logs: path.join(folder, 'logs'),
    report: path.join(dir, 'report'),
  }
}

/** Returns the log of a run, by its index in the plan. */
export function logOf(plan: Pick<SweepPlan, 'dir'>, index: number): string {
  return path.join(slurmPlaces(plan).logs, `run-${index}.log`)
}

/** Returns the name of a sweep's jobs, by which they are found in the queue. */
export function jobName({ id }: Pick<SweepPlan, 'id'>): string {
  return `recurlab-${id.replace(/[^\w.-]+/g, '-')}`
}
