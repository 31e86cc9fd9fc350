import { ablationConfig, ablationNamed } from '../../ablations/index.js'
import { configFromText, parseConfig } from '../../config/parse.js'
import { type ConfigInput, configSchema } from '../../config/schema.js'
import { Runs } from '../../experiment/compare/runs.js'
import { datasetOf } from '../../experiment/data/dataset.js'
import { loadRun } from '../../experiment/run/load.js'
import { type TrainOptions, train } from '../../experiment/run/train.js'
import { reportObserver } from '../../experiment/watch/report.js'
import { streamSink } from '../../notebook/status-line.js'
import { type LabelOptions, newLabel } from '../../results/label.js'
import { formatTable } from '../../results/text.js'
import { preset, presets } from '../../tasks/presets.js'
import { type Command, oneWord, wrongUse } from '../command.js'
import { glossaryBlocks, sentence } from '../glossary-help.js'
import { abortOnInterrupt } from '../interrupt.js'
import { onlyKeys } from '../keys.js'
import { doneOrStopped } from '../stopped-run.js'
import { CHECKPOINT_HELP, puzzleFit, whichCheckpoint, whichWeights } from '../weights-output.js'

/** Keys of the command besides those of the configuration. */
const OWN_KEYS = ['out', 'name', 'note', 'tags', 'init', 'weights', 'checkpoint', 'puzzleEmbedding'] as const

/** `recurlab train PRESET key=value …`. */
export const command: Command = {
  help: [
    "PRESET names a configuration, which recurlab explain PRESET shows; key=value changes any of its keys. The run's memory is estimated first, and a run that does not fit is refused; the time left is shown after some seconds. Ctrl-C saves and stops with exit code 75, as do SIGTERM, SIGHUP, SIGUSR1, SIGUSR2 and SIGXCPU; recurlab resume RUN continues.",
    { title: 'Presets', rows: Object.entries(presets).map(([name, { summary }]) => [name, sentence(summary)]) },
    {
      title: 'Options',
      rows: [
        ['out=DIR', 'Results folder. Default: results.'],
        ['name=TEXT', 'Name of the run, which recurlab runs shows and filters by. Default: none.'],
        ['note=TEXT', 'A note on the run. Default: none.'],
        ['tags=A,B', 'Tags to filter runs by. Default: none.'],
        [
          'init=RUN|FILE',
          'Initial weights: those of a run, of any file that recurlab import reads, or of a name that recurlab weights lists. Default: fresh ones.',
        ],
        ['weights=ema|live', 'The set of weights to use if there are two. Default: ema.'],
        CHECKPOINT_HELP,
        [
          'puzzleEmbedding=mean|zero',
          'Replaces each row of their puzzle embedding by the mean of all rows or by zeros, so that it fits any number of puzzles. Default: the rows stay.',
        ],
        [
          '--ablation ROW',
          'Trains a row of the paper’s Tables 1 to 3, by its name in recurlab ablations: its model and recursion override PRESET, and the keys on the command line override both. The run is named after the row. Without PRESET, the row is trained as in the paper. Default: none.',
        ],
        [
          '--no-estimate',
          'Skips the estimate of memory and time: microBatch=auto is then the whole batch, and a run that is too large is not refused.',
        ],
        ['--json', 'Prints the final metrics as JSON.'],
      ],
    },
    'Configuration keys with their defaults; recurlab explain KEY shows details.',
    ...glossaryBlocks(),
  ],
  example: 'train sudoku-pocket mixer=attention trainSteps=200 seed=1',
  onSignal: 'Nothing was trained yet: the same command begins anew.',
  flags: { ablation: true, json: false, 'no-estimate': false },
  async run({ words, pairs, flags }) {
    onlyKeys(pairs, [...OWN_KEYS, ...Object.keys(configSchema.shape)])
    const keys = new Map(pairs)
    const take = (key: string): string | undefined => {
      const value = keys.get(key)
      keys.delete(key)
      return value
    }
    const resultsDir = take('out') ?? 'results'
    const init = initOptions(take('init'), take('weights'), take('checkpoint'), take('puzzleEmbedding'))
    const ablation = flags.get('ablation')
    const row = typeof ablation === 'string' ? ablationNamed(ablation) : null
    const label = labelOf(take('name') ?? row?.method, take('note'), take('tags'))
    const changes: ConfigInput = configFromText(keys)
    const name =
      row && words.length === 0 ? row.preset : oneWord(words, `one preset (${Object.keys(presets).join(', ')})`)
    const over = preset(name, changes)
    const config = parseConfig(row ? ablationConfig(row, { over, changes }) : over)
    const data = await datasetOf(config)
    const interrupt = abortOnInterrupt()
    const sink = streamSink(flags.has('json') ? process.stderr : process.stdout)
    const id = await train(config, data, {
      resultsDir,
      ...init,
      ...label,
      estimate: !flags.has('no-estimate'),
      observer: reportObserver(sink),
      signal: interrupt.signal,
    })
    interrupt.end()
    const run = loadRun(id, resultsDir)
    const table = new Runs([run]).table()
    if (flags.has('json'))
      process.stdout.write(`${JSON.stringify({ run: id, dir: run.dir, ...run.evaluations.at(-1) })}\n`)
    else process.stdout.write(`${formatTable(table)}\n`)
    return doneOrStopped(id, pairs.get('out'))
  },
}

/**
 * Returns the label of the new run.
 *
 * @throws UserError (exit code 2) for texts that are empty, too long, or not printable.
 */
function labelOf(name: string | undefined, note: string | undefined, tags: string | undefined): LabelOptions {
  return newLabel({
    ...(name === undefined ? {} : { name }),
    ...(note === undefined ? {} : { note }),
    ...(tags === undefined ? {} : { tags: tags.split(',') }),
  })
}

function initOptions(
  from: string | undefined,
  weights: string | undefined,
  checkpoint: string | undefined,
  fit: string | undefined,
): Pick<TrainOptions, 'init'> {
  if (from !== undefined)
    return { init: { from, ...whichWeights(weights), ...whichCheckpoint(checkpoint), ...puzzleFit(fit) } }
  if (weights !== undefined || checkpoint !== undefined || fit !== undefined)
    throw wrongUse('init=RUN|FILE beside weights=, checkpoint= and puzzleEmbedding=', 'none')
  return {}
}
