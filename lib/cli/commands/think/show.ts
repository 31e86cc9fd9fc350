import { openRecording } from '../../../experiment/think/rollout-recording.js'
import { type Command, oneWord } from '../../command.js'
import { given, onlyKeys, wholeOf } from '../../keys.js'
import { printRecording, SELECT_HELP, selected } from './print.js'

/** `recurlab think show RECORDING`. */
export const command: Command = {
  help: [
    'RECORDING is the ID of a recording, a prefix of it, or its folder.',
    {
      title: 'Options',
      rows: [
        SELECT_HELP,
        ['depth=N', 'Supervision steps, at most those recorded. Default: all.'],
        ['rollouts=N', 'Rollouts, the first ones, at most those recorded. Default: all.'],
        ['out=DIR', 'Results folder. Default: results.'],
        ['--json', 'Prints facts and accuracies as JSON.'],
      ],
    },
  ],
  example: 'think show 20261130-130254 select=q,vote rollouts=4',
  flags: { json: false },
  async run({ words, pairs, flags }) {
    const name = oneWord(words, 'one recording')
    const keys = onlyKeys(pairs, ['select', 'depth', 'rollouts', 'out'])
    printRecording(openRecording(name, keys.out), {
      ...given({
        select: selected(keys.select),
        depth: wholeOf('depth', keys.depth),
        rollouts: wholeOf('rollouts', keys.rollouts),
      }),
      json: flags.has('json'),
    })
    return 0
  },
}
