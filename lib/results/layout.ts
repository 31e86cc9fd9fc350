import path from 'node:path'
import { defaultPlace } from '../files/places.js'

/** The folder that holds runs when nothing else is said: in the working directory, in a notebook in the project's folder. */
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

/** `RESULTS/runs`: one folder a run. */
export function runsFolder(resultsDir: string): string {
  return path.join(resultsDir === DEFAULT_RESULTS ? defaultPlace(resultsDir) : resultsDir, 'runs')
}
