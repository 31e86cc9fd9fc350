import { DEFAULT_DATA, type Kind } from '../../experiment/verify/things.js'
import { type Verified, verifyThings } from '../../experiment/verify/verify.js'
import { faultText } from '../../files/inspection.js'
import { sizeText } from '../../files/space.js'
import { formatSeconds } from '../../notebook/progress-text.js'
import { DEFAULT_RESULTS } from '../../results/layout.js'
import type { Command } from '../command.js'
import { abortOnInterrupt } from '../interrupt.js'
import { given, onlyKeys } from '../keys.js'
import { workStatus } from '../work-status.js'

/** `recurlab verify`. */
export const command: Command = {
  help: [
    'Reads every byte of runs, data sets, recordings, sweeps, weights with a name and executed notebooks, and prints a line for each fault: hashes of all files, batches and rows of tables, numbers and shapes of checkpoints, hashes of data sets, and what they say of each other. Of a run at work, what is complete is checked. Nothing is changed. Exit code 0 if nothing is damaged, else 1.',
    {
      title: 'Arguments',
      rows: [
        ['RUN', 'The ID of a run, a recording or a sweep, or its beginning; the name of a data set or of weights.'],
        ['DIR', 'A folder of any of them, or above several.'],
        ['FILE', 'A notebook, a table (.arrow) or weights (.safetensors).'],
      ],
    },
    {
      title: 'Options',
      rows: [
        ['results=DIR', `Results folder. Default: ${DEFAULT_RESULTS}.`],
        ['data=DIR', `Folder of data sets. Default: ${DEFAULT_DATA}, and the weights that have a name.`],
        ['--json', 'Prints { ok, bytes, seconds, things: [{ kind, id, path, state, bytes, faults, notes }] }.'],
      ],
    },
  ],
  example: 'verify results=results',
  flags: { json: false },
  async run({ words, pairs, flags }) {
    const places = given(onlyKeys(pairs, ['results', 'data']))
    const began = performance.now()
    const interrupt = abortOnInterrupt('Stopping after this file')
    const status = process.stderr.isTTY ? workStatus('verifying', 'MB', process.stderr) : null
    const onProgress = (done: number, total: number): void => status?.at(Math.floor(done / 1e6), Math.ceil(total / 1e6))
    const things = await verifyThings(words, { ...places, onProgress, signal: interrupt.signal })
    status?.end()
    interrupt.end()
    const seconds = (performance.now() - began) / 1000
    const ok = things.every(({ state }) => state !== 'damaged')
    if (flags.has('json')) {
      const bytes = bytesOf(things)
      process.stdout.write(`${JSON.stringify({ ok, bytes, seconds, things })}\n`)
    } else process.stdout.write(`${[...things.flatMap(linesOf), summaryOf(things, seconds)].join('\n')}\n`)
    return ok ? 0 : 1
  },
}

/** Returns a line for each fault, and for each note. */
function linesOf({ kind, id, faults, notes }: Verified): string[] {
  return [
    ...faults.map((fault) => `damaged: ${faultText(fault)}`),
    ...notes.map((note) => `note: ${kind} ${id}: ${note}`),
  ]
}

const PLURALS: Readonly<Record<Kind, string>> = {
  run: 'runs',
  'data set': 'data sets',
  recording: 'recordings',
  sweep: 'sweeps',
  weights: 'weights',
  notebook: 'notebooks',
  table: 'tables',
}

/** Returns the summary: `Checked 3 runs and 1 data set (12.3 MB) in 0.4 s: 1 damaged.` */
function summaryOf(things: readonly Verified[], seconds: number): string {
  if (things.length === 0) return 'Nothing is stored here.'
  const counts = (Object.keys(PLURALS) as Kind[]).flatMap((kind) => {
    const count = things.filter((thing) => thing.kind === kind).length
    return count === 0 ? [] : [`${count} ${count === 1 ? kind : PLURALS[kind]}`]
  })
  const what = counts.length > 1 ? `${counts.slice(0, -1).join(', ')} and ${counts.at(-1)}` : counts[0]
  const count = (state: Verified['state']): number => things.filter((thing) => thing.state === state).length
  const [damaged, working] = [count('damaged'), count('at work')]
  const outcome = damaged === 0 ? 'nothing is damaged' : `${damaged} damaged`
  const atWork = working === 0 ? '' : `; ${working} at work, whose complete part was checked`
  return `Checked ${what} (${sizeText(bytesOf(things))}) in ${formatSeconds(seconds)}: ${outcome}${atWork}.`
}

function bytesOf(things: readonly Verified[]): number {
  return things.reduce((sum, { bytes }) => sum + bytes, 0)
}
