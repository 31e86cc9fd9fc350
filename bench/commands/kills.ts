import { type Args, type Command, noWords } from '../../lib/cli/command.js'
import { countOf, onlyKeys, wholeOf } from '../../lib/cli/keys.js'
import { formatSeconds } from '../../lib/notebook/progress-text.js'
import { benchKills } from '../kills.js'

/** `recurlab bench kills`. */
export const command: Command = {
  help: [
    'Kills (SIGKILL) the workers of sweeps with two workers at random moments, and now and then the process of the sweep itself; lets every sweep go on to its end, and compares its runs with unbroken ones, bit for bit.',
    {
      title: 'Options',
      rows: [
        ['kills=N', 'Number of kills. Default: 200.'],
        ['seed=N', 'Seed of their moments. Default: 0.'],
        ['--json', 'Prints the counts as JSON.'],
      ],
    },
  ],
  example: 'bench kills kills=20',
  flags: { json: false },
  run: bench,
}

async function bench({ words, pairs, flags }: Args): Promise<number> {
  noWords(words)
  const keys = onlyKeys(pairs, ['kills', 'seed'])
  const measured = await benchKills({
    kills: countOf('kills', keys.kills, 200),
    seed: wholeOf('seed', keys.seed, 0) ?? 0,
    onProgress: (line) => process.stderr.write(`${line}\n`),
  })
  const { killedWorkers, killedSweeps, sweeps, runs, equal, seconds } = measured
  const text = `${killedWorkers} workers and ${killedSweeps} sweeps killed; ${equal} of ${runs} runs of ${sweeps} sweeps equal unbroken ones, bit for bit; ${formatSeconds(seconds)}`
  process.stdout.write(`${flags.has('json') ? JSON.stringify(measured) : text}\n`)
  return equal === runs ? 0 : 1
}
