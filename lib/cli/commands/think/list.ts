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
    process.stdout.write(`${flags.has('json') ? JSON.stringify(rows) : formatTable(rows)}\n`)
    return 0
  },
}

/** Returns a row of the list; a damaged recording has its problem in place of its facts. */
function rowOf(id: string, out: string | undefined): Record<string, string> {
  try {
    const recording = openRecording(id, out)
    const { state, weights, subset } = recording.facts
    return { recording: id, state, weights: weights.name, puzzles: subset.name, rollouts: settingsText(recording) }
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    return { recording: id, state: `damaged: ${error.message}`, weights: '', puzzles: '', rollouts: '' }
  }
}
