import { glossary } from '../../config/glossary.js'
import { configFromText, parseConfig } from '../../config/parse.js'
import { preset, presets } from '../../config/presets/index.js'
import { datasetOf } from '../../experiment/dataset.js'
import { loadRun } from '../../experiment/load.js'
import { reportObserver } from '../../experiment/report.js'
import { Runs } from '../../experiment/runs.js'
import { train } from '../../experiment/train.js'
import { streamSink } from '../../notebook/status-line.js'
import { formatTable } from '../../results/text.js'
import { type Command, wrongUse } from '../command.js'
import { abortOnInterrupt } from '../interrupt.js'

/** `recurlab train PRESET key=value …`. */
export const command: Command = {
  usage: 'train PRESET key=value …',
  summary: 'train a model and store the run under results/runs',
  help: `
Presets:
${formatTable(Object.entries(presets).map(([name, { summary }]) => ({ preset: name, what: summary })))}

  out=DIR   the results folder (default: results)
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
    const resultsDir = keys.get('out') ?? 'results'
    keys.delete('out')
    const config = parseConfig({ ...preset(name), ...configFromText(keys) })
    const data = await datasetOf(config)
    const interrupt = abortOnInterrupt()
    const sink = streamSink(flags.has('json') ? process.stderr : process.stdout)
    const id = await train(config, data, { resultsDir, observer: reportObserver(sink), signal: interrupt.signal })
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
