import { recordingIds } from '../../../experiment/think/recordings.js'
import { openRecording } from '../../../experiment/think/rollout-recording.js'
import { readEach } from '../../../results/run.js'
import { formatTable } from '../../../results/text.js'
import { type Command, noWords } from '../../command.js'
import { onlyKeys } from '../../keys.js'
import { LISTING_CODE, reportDamaged } from '../../output.js'
import { settingsText } from './print.js'

/** `recurlab think list`. */
export const command: Command = {
  help: [
    LISTING_CODE,
    {
      title: 'Options',
      rows: [
        ['out=DIR', 'Results folder. Default: results.'],
        ['--json', 'Prints the table as JSON.'],
      ],
    },
  ],
  example: 'think list',
  flags: { json: false },
  async run({ words, pairs, flags }) {
    noWords(words)
    const { out } = onlyKeys(pairs, ['out'])
    const recordings = recordingIds(out).map((id) => ({ id }))
    const { read: rows, damaged } = readEach(recordings, ({ id }) => rowOf(id, out))
    reportDamaged(damaged, 'recording')
    process.stdout.write(`${flags.has('json') ? JSON.stringify(rows) : formatTable(rows.map(shortRow))}\n`)
    return damaged.length > 0 ? 1 : 0
  },
}

interface Row {
  readonly recording: string
  readonly state: string
  readonly weights: string
  readonly puzzles: number
  readonly subset: string
  readonly rollouts: string
}

/** Returns a row of the list. @throws UserError for a damaged recording. */
function rowOf(id: string, out: string | undefined): Row {
  const recording = openRecording(id, out)
  const { state, weights, subset, recorded, versions } = recording.facts
  return {
    recording: id,
    state,
    weights: weights.name,
    puzzles: Math.floor(recorded / versions),
    subset: subset.name,
    rollouts: settingsText(recording),
  }
}

/** Returns a row for a terminal: the ID names the weights, and only an unfinished recording has its state. */
function shortRow({ recording, state, puzzles, rollouts }: Row): Record<string, string | number | null> {
  const notes = [rollouts, ...(state === 'finished' ? [] : [state])]
  return { recording, puzzles, rollouts: notes.join('; ') }
}
