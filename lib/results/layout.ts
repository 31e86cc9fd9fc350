import path from 'node:path'
import { defaultPlace } from '../files/places.js'

/** The default folder of runs: in the working directory, and for a notebook in the project's folder. */
export const DEFAULT_RESULTS = 'results'

/** The files of a run's folder. */
export const FILES = {
  config: 'config.json',
  provenance: 'provenance.json',
  codeDiff: 'code.diff',
  status: 'status.json',
  metrics: 'metrics.arrow',
  evaluations: 'evaluations.arrow',
  outcomes: 'outcomes.arrow',
  checkpoint: 'checkpoint.safetensors',
  /** The user's name, note and tags for the run; not every run has them. */
  label: 'label.json',
} as const

/** The folder that holds one folder for each run, `RESULTS/runs`. */
export function runsFolder(resultsDir: string): string {
  return path.join(resultsDir === DEFAULT_RESULTS ? defaultPlace(resultsDir) : resultsDir, 'runs')
}
