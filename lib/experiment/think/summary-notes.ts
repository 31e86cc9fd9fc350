import { sourcesOfRecordings } from './figures.js'
import { sentences } from './noted-table.js'
import type { RolloutRecording } from './rollout-recording.js'

/** Returns what a summary's numbers rest on, in sentences: weights, puzzles, intervals, precision, and what is to be noted. */
export function summaryNotes(recording: RolloutRecording): string[] {
  const { weights, subsets, data, precision } = sourcesOfRecordings([recording])
  const { notes } = recording.facts
  return [
    ...sentences([
      `weights ${weights}; ${subsets}, data ${String(data).slice(0, 12)}`,
      "95 % intervals over puzzles: Wilson's of accuracies, paired ones of gains",
      `precision: ${precision}`,
    ]),
    ...(Array.isArray(notes.weights) ? sentences(notes.weights.map(String)) : []),
  ]
}
