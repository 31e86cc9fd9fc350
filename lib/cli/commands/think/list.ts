import { UserError } from '../../../errors.js'
import { recordingIds } from '../../../experiment/think/recordings.js'
import { openRecording } from '../../../experiment/think/rollout-recording.js'
import { formatTable } from '../../../results/text.js'
import { type Command, noWords } from '../../command.js'
import { onlyKeys } from '../../keys.js'
import { settingsText } from './print.js'

/** `recurlab think list`. */
export const command: Command = {
  help: [
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
    const rows = recordingIds(out).map((id) => rowOf(id, out))
    process.stdout.write(`${flags.has('json') ? JSON.stringify(rows) : formatTable(rows.map(shortRow))}\n`)
    return 0
  },
}

interface Row {
  readonly recording: string
  readonly state: string
  readonly weights: string | null
  readonly puzzles: number | null
  readonly subset: string | null
  readonly rollouts: string | null
}

/** Returns a row of the list; a damaged recording has its problem in place of its facts. */
function rowOf(id: string, out: string | undefined): Row {
  try {
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
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    const unknown = { weights: null, puzzles: null, subset: null, rollouts: null }
    return { recording: id, state: `damaged: ${error.message}`, ...unknown }
  }
}

/** Returns a row for a terminal: the ID names the weights, and only an unfinished recording has its state. */
function shortRow({ recording, state, puzzles, rollouts }: Row): Record<string, string | number | null> {
  const notes = [...(rollouts === null ? [] : [rollouts]), ...(state === 'finished' ? [] : [state])]
  return { recording, puzzles, rollouts: notes.join('; ') }
}
