import { glossary } from '../../config/glossary.js'
import { configFromText, parseConfig } from '../../config/parse.js'
import { preset, presets } from '../../config/presets/index.js'
import { datasetOf } from '../../experiment/dataset.js'
import { loadRun } from '../../experiment/load.js'
import { reportObserver } from '../../experiment/report.js'
import { Runs } from '../../experiment/runs.js'
import { type TrainOptions, train } from '../../experiment/train.js'
import { streamSink } from '../../notebook/status-line.js'
import { formatTable } from '../../results/text.js'
import { type Command, wrongUse } from '../command.js'
import { abortOnInterrupt } from '../interrupt.js'
import { puzzleFit, whichWeights } from '../weights-output.js'

/** `recurlab train PRESET key=value …`. */
export const command: Command = {
  usage: 'train PRESET key=value …',
  summary: 'train a model and store the run under results/runs',
  help: `
Presets:
${formatTable(Object.entries(presets).map(([name, { summary }]) => ({ preset: name, what: summary })))}

  out=DIR   the results folder (default: results)
  init=RUN|FILE
            begin with these weights (a run's, or any file that recurlab import reads), not with fresh ones
  weights=ema|live, puzzleEmbedding=mean|zero
            which of them, and what replaces the rows of their puzzle embedding (it then fits any number of puzzles)
  --json    the final metrics as JSON
  keys      of the configuration; the preset's values can be changed one by one:

${formatTable(glossary().map(({ key, symbol, default: value, meaning }) => ({ key, symbol, default: value, meaning })))}

Ctrl-C saves and stops; recurlab resume RUN goes on. Example:

  npx recurlab train sudoku-pocket mixer=attention steps=200 seed=1`,
  flags: { json: false },
  async run({ words, pairs, flags }) {
    const [name, ...more] = words
    if (name === undefined || more.length > 0)
      throw wrongUse(`one preset (${Object.keys(presets).join(', ')}) and key=value`, words.join(' ') || 'no preset')
    const keys = new Map(pairs)
    const take = (key: string): string | undefined => {
      const value = keys.get(key)
      keys.delete(key)
      return value
    }
    const resultsDir = take('out') ?? 'results'
    const init = initOptions(take('init'), take('weights'), take('puzzleEmbedding'))
    const config = parseConfig(preset(name, configFromText(keys)))
    const data = await datasetOf(config)
    const interrupt = abortOnInterrupt()
    const sink = streamSink(flags.has('json') ? process.stderr : process.stdout)
    const id = await train(config, data, {
      resultsDir,
      ...init,
      observer: reportObserver(sink),
      signal: interrupt.signal,
    })
    interrupt.end()
    const run = loadRun(id, resultsDir)
    const [row] = new Runs([run]).table()
    if (flags.has('json'))
      process.stdout.write(`${JSON.stringify({ run: id, dir: run.dir, ...run.evaluations.at(-1) })}\n`)
    else process.stdout.write(`${formatTable([row!])}\n`)
    if (!interrupt.signal.aborted) return 0
    process.stderr.write(
      `Stopped and saved. To go on: npx recurlab resume ${id}${pairs.has('out') ? ` out=${resultsDir}` : ''}\n`,
    )
    return 1
  },
}

function initOptions(
  from: string | undefined,
  weights: string | undefined,
  fit: string | undefined,
): Pick<TrainOptions, 'init'> {
  if (from !== undefined) return { init: { from, ...whichWeights(weights), ...puzzleFit(fit) } }
  if (weights !== undefined || fit !== undefined)
    throw wrongUse('init=RUN|FILE beside weights= and puzzleEmbedding=', 'none')
  return {}
}
