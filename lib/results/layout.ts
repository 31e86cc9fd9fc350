import path from 'node:path'
import { defaultPlace } from '../files/places.js'

/** Default folder of runs: in the working directory; for a notebook, in the project's folder. */
export const DEFAULT_RESULTS = 'results'

/** Files in a run's folder. */
export const FILES = {
  config: 'config.json',
  provenance: 'provenance.json',
  codeDiff: 'code.diff',
  status: 'status.json',
  metrics: 'metrics.arrow',
  evaluations: 'evaluations.arrow',
  outcomes: 'outcomes.arrow',
  /** The user's name, note and tags for the run; optional. */
  label: 'label.json',
} as const

/** Name of a checkpoint's file. */
export function checkpointFile(step: number): string {
  return `checkpoint-${String(step).padStart(6, '0')}.safetensors`
}

/** Name of the file with the uncommitted changes to the code of a run that was resumed from a step. */
export function codeFrom(step: number): string {
  return `code-from-${step}.diff`
}

/** Returns whether a file of a run's folder is a checkpoint. */
export function isCheckpointFile(name: string): boolean {
  return /^checkpoint-\d{6,}\.safetensors$/.test(name)
}

/** Returns the step in the name of a checkpoint's file. */
export function stepOfCheckpoint(name: string): number {
  return Number(/^checkpoint-(\d+)\./.exec(name)?.[1])
}

/** Returns the path of a results folder: the default one is that of the project in a notebook. */
export function resultsFolder(resultsDir: string): string {
  return resultsDir === DEFAULT_RESULTS ? defaultPlace(resultsDir) : resultsDir
}

/** Returns the folder with one folder per run, `RESULTS/runs`. */
export function runsFolder(resultsDir: string): string {
  return path.join(resultsFolder(resultsDir), 'runs')
}

/** Returns the folder with one folder per planned sweep, `RESULTS/sweeps`. */
export function sweepsFolder(resultsDir: string): string {
  return path.join(resultsFolder(resultsDir), 'sweeps')
}

/** Folder of a results folder that holds repetitions of its runs, as a results folder of its own. */
export const REPRODUCED = 'reproduced'
