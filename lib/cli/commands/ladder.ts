import path from 'node:path'
import { ladder } from '../../experiment/think/ladder.js'
import type { Ladder } from '../../experiment/think/ladder-result.js'
import type { FitRange } from '../../experiment/think/scaling-law.js'
import { writeFileAtomic } from '../../files/atomic.js'
import { renderFigure, type StaticFormat } from '../../plot/static.js'
import { writeTable } from '../../results/export.js'
import { formatTable } from '../../results/text.js'
import { loadDataset } from '../../storage/store.js'
import { type Command, oneWord, wrongUse } from '../command.js'
import { choiceOf, given, onlyKeys, wholeOf, wholesOf } from '../keys.js'
import { CHECKPOINT_HELP, whichCheckpoint, whichWeights } from '../weights-output.js'
import { workStatus } from '../work-status.js'

const KEYS = [
  'out',
  'data',
  'depths',
  'metric',
  'puzzles',
  'split',
  'versions',
  'fit',
  'dtype',
  'batch',
  'weights',
  'checkpoint',
  'config',
  'table',
  'figure',
  'shows',
] as const

const FORMATS = ['svg', 'pdf', 'png'] as const

/** `recurlab ladder RUN|FILE`. */
export const command: Command = {
  help: [
    "RUN is a run's ID, a prefix of it, or its folder; FILE is a file of weights, official ones too, which needs data=DIR, or a name that recurlab weights lists. One pass to the largest depth measures accuracy after every depth D of a list, each with its interval, and fits error ∝ D^(−b); the exponents of published ladders stand below it.",
    {
      title: 'Options',
      rows: [
        ['depths=D,D,…', 'Supervision steps. Default: 1, 2, 4, … to 16 times the trained depth.'],
        ['metric=NAME', 'Metric of the fit and the figure: test.exact, test.valid, test.pass@2. Default: test.exact.'],
        ['fit=FROM,TO', 'Depths that the power law is fitted to. Default: from the trained depth on.'],
        ['puzzles=N', 'Number of puzzles, drawn at random and always the same. Default: all.'],
        ['data=DIR', "Another data set. Default: the run's own."],
        ['split=train|test', 'Split to evaluate. Default: test.'],
        ['versions=N', 'Maximum versions of each puzzle. Default: as in the run.'],
        [
          'dtype=auto|float32|bfloat16',
          'Type that the blocks are computed in. Default: float32 beyond the trained depth, else as in the run.',
        ],
        ['batch=N', 'Puzzles computed at a time; no effect on the results. Default: as in the run.'],
        ['weights=ema|live', 'The set of weights to use if there are two. Default: ema.'],
        CHECKPOINT_HELP,
        ['config=FILE', 'Configuration of a FILE without one. Default: the one beside it.'],
        ['table=FILE', 'Writes a row per depth to FILE.arrow or FILE.csv.'],
        ['figure=FILE', 'Draws accuracy by depth, with published ladders behind, to FILE.svg, FILE.pdf or FILE.png.'],
        ['shows=accuracy|error', 'What the figure shows; the error has a logarithmic axis. Default: accuracy.'],
        ['out=DIR', 'Results folder. Default: results.'],
        ['--json', 'Prints the rows, the law and the exponents as JSON.'],
      ],
    },
  ],
  example: 'ladder sudoku-6x6 depths=1,2,4,8,16,32,64',
  onSignal: 'Nothing was written: the same command measures anew.',
  flags: { json: false },
  async run({ words, pairs, flags }) {
    const name = oneWord(words, 'one run or file')
    const keys = onlyKeys(pairs, KEYS)
    const { out, data, metric, config, table, figure } = keys
    if (table !== undefined && !/\.(arrow|csv)$/.test(table)) throw wrongUse('table=FILE.arrow or FILE.csv', table)
    const format = figure === undefined ? null : formatOf(figure)
    const shows = choiceOf('shows', keys.shows, ['accuracy', 'error'])
    if (shows !== undefined && format === null)
      throw wrongUse('figure=FILE beside shows=', 'no figure', 'Add figure=FILE.svg, or leave shows out.')
    const options = {
      ...given({
        resultsDir: out,
        depths: wholesOf('depths', keys.depths),
        metric,
        puzzles: wholeOf('puzzles', keys.puzzles),
        split: choiceOf('split', keys.split, ['train', 'test']),
        versions: wholeOf('versions', keys.versions),
        batch: wholeOf('batch', keys.batch),
        dtype: choiceOf('dtype', keys.dtype, ['auto', 'float32', 'bfloat16']),
        fit: rangeOf(keys.fit),
        configFile: config,
      }),
      ...whichWeights(keys.weights),
      ...whichCheckpoint(keys.checkpoint),
    }
    const status = workStatus('ladder', 'supervision steps', flags.has('json') ? process.stderr : process.stdout)
    const made = await ladder(name, data === undefined ? undefined : loadDataset(data), {
      ...options,
      onProgress: status.at,
    })
    status.end()
    if (table !== undefined) writeTable(made.rows(), table)
    if (figure !== undefined && format !== null) {
      const drawn = await renderFigure(made.figure(given({ shows })), format, { embedFonts: true })
      writeFileAtomic(path.resolve(figure), drawn)
    }
    process.stdout.write(flags.has('json') ? `${JSON.stringify(jsonOf(made))}\n` : `${textOf(made)}\n`)
    return 0
  },
}

function textOf(made: Ladder): string {
  const exponents = made.exponents()
  const columns = ['ladder', 'b', '95 % interval', 'fitted on D', 'r²']
  const notes = [...made.footnotes(), `Reported ladders: ${sourcesOf(exponents)}.`]
  return [formatTable(made.table()), '', ...notes, '', formatTable(exponents, { columns })].join('\n')
}

/** Returns the sources of the published ladders, with the method of their intervals. */
function sourcesOf(exponents: ReturnType<Ladder['exponents']>): string {
  const reported = exponents.filter(({ ladder }) => String(ladder).startsWith('reported'))
  const sources = [...new Set(reported.map(({ source }) => source))].join(', ')
  return `${sources}; their intervals are Student's t over the depths`
}

function jsonOf(made: Ladder): object {
  const { facts, metric, law } = made
  const { subset, ...about } = facts
  const { name, hash, split, puzzles } = subset
  return {
    ...about,
    subset: { name, hash, split, puzzles: puzzles.length },
    metric,
    rows: made.rows(),
    law,
    exponents: made.exponents(),
  }
}

function rangeOf(text: string | undefined): FitRange | undefined {
  const ends = wholesOf('fit', text)
  if (ends === undefined) return undefined
  const [from, to, ...more] = ends
  if (from !== undefined && to !== undefined && from < to && more.length === 0) return [from, to]
  throw wrongUse('fit=FROM,TO with FROM < TO', text!)
}

function formatOf(figure: string): StaticFormat {
  const format = FORMATS.find((each) => figure.endsWith(`.${each}`))
  if (format !== undefined) return format
  throw wrongUse('figure=FILE.svg, FILE.pdf or FILE.png', figure)
}
