import { type Ablation, ablationConfig, ablations } from '../../ablations/index.js'
import { configFromText } from '../../config/parse.js'
import { type ConfigInput, configSchema } from '../../config/schema.js'
import { UserError } from '../../errors.js'
import type { FinishedRun } from '../../experiment/compare/runs.js'
import type { Grid } from '../../experiment/sweep/grid.js'
import { sweep } from '../../experiment/sweep/sweep.js'
import { reportObserver } from '../../experiment/watch/report.js'
import { streamSink } from '../../notebook/status-line.js'
import { didYouMean } from '../../options/nearest.js'
import { readLabel, writeLabel } from '../../results/label.js'
import { openRun } from '../../results/run.js'
import { formatTable } from '../../results/text.js'
import { preset } from '../../tasks/presets.js'
import { type Args, type Command, noWords, wrongUse } from '../command.js'
import { abortOnInterrupt, STOPPED } from '../interrupt.js'
import { choiceOf, onlyKeys, wholesOf } from '../keys.js'

/** Keys of the command besides those of the configuration. */
const OWN_KEYS = ['table', 'method', 'train', 'seeds', 'out'] as const

/** `recurlab ablations`. */
export const command: Command = {
  help: [
    'Without train=, lists the rows: the keys that each changes in the paper’s TRM (two layers, T=3, n=6), and the reported accuracy and depth. recurlab train --ablation ROW PRESET trains one row.',
    {
      title: 'Options',
      rows: [
        ['table=1|2|3', 'The table of arXiv 2510.04871. Default: all three.'],
        ['method=TEXT', 'Rows whose name contains TEXT, e.g. EMA. Default: all.'],
        [
          'train=PRESET',
          'Trains the rows one after another: each row overrides this preset, and configuration keys override both. Finished runs are reused, and stopped ones are resumed. Default: no training.',
        ],
        ['seeds=N,N', 'With train=: the seeds of each row. Default: 0.'],
        ['out=DIR', 'With train=: the results folder. Default: results.'],
        ['--json', 'Prints the rows with their full configurations, or the results, as JSON.'],
      ],
    },
  ],
  example: 'ablations table=1 method=TRM train=sudoku-pocket seeds=0,1 trainSteps=100',
  onSignal: 'Nothing was trained yet: the same command begins anew, with the runs that are stored.',
  flags: { json: false },
  run(args) {
    noWords(args.words)
    const { table, method, train } = onlyKeys(args.pairs, [...OWN_KEYS, ...Object.keys(configSchema.shape)])
    const rows = rowsOf(choiceOf('table', table, ['1', '2', '3']), method)
    return train === undefined ? list(rows, args) : trainAll(rows, train, args)
  },
}

/** Returns the rows of a table whose name contains a text. @throws UserError (exit code 2) if there are none. */
function rowsOf(table: string | undefined, method = ''): readonly Ablation[] {
  const ofTable = ablations.filter((row) => table === undefined || String(row.table) === table)
  const rows = ofTable.filter((row) => row.method.toLowerCase().includes(method.toLowerCase()))
  if (rows.length > 0) return rows
  const words = ofTable.flatMap((row) => [row.method, ...row.method.split(/[\s,]+/)])
  throw new UserError({
    where: 'key method',
    expected: `a part of the name of a row of ${table === undefined ? 'Tables 1 to 3' : `Table ${table}`}`,
    found: JSON.stringify(method),
    todo: didYouMean(method, [...new Set(words)], 'method=') ?? 'recurlab ablations lists them.',
    exitCode: 2,
  })
}

function list(rows: readonly Ablation[], { pairs, flags }: Args): number {
  const idle = [...pairs.keys()].find((key) => key !== 'table' && key !== 'method')
  if (idle !== undefined) throw wrongUse(`train=PRESET beside ${idle}=`, 'none')
  const json = flags.has('json')
  const facts = rows.map((row) => ({
    table: row.table,
    method: row.method,
    changes: json ? row.changes : changesText(row.changes),
    [row.reported.metric]: row.reported.value,
    depth: row.reported.depth,
    nfp: row.reported.nfp,
    parameters: row.reported.parameters,
    ...(json ? { source: row.reported.source, config: ablationConfig(row) } : {}),
  }))
  process.stdout.write(`${json ? JSON.stringify(facts) : formatTable(facts)}\n`)
  return 0
}

/** Returns the changed keys as command-line arguments, `layers=4 n=3`; empty for the TRM itself. */
function changesText(changes: ConfigInput): string {
  const given = Object.entries(changes).filter(([, value]) => value !== null)
  return given.map(([key, value]) => `${key}=${value}`).join(' ')
}

async function trainAll(rows: readonly Ablation[], name: string, { pairs, flags }: Args): Promise<number> {
  const own: readonly string[] = OWN_KEYS
  const changes: ConfigInput = configFromText(new Map([...pairs].filter(([key]) => !own.includes(key))))
  const seeds = wholesOf('seeds', pairs.get('seeds'), 0)
  if (seeds && changes.seed !== undefined) throw wrongUse('either seed= or seeds=', 'both')
  const over = preset(name, changes)
  const grids = rows.map((row) => gridOf(ablationConfig(row, { over, changes }), seeds ?? [changes.seed ?? 0]))
  const resultsDir = pairs.get('out') ?? 'results'
  const json = flags.has('json')
  const interrupt = abortOnInterrupt()
  const runs = await sweep({}, grids, {
    resultsDir,
    resume: true,
    signal: interrupt.signal,
    ...(json ? { observer: reportObserver(streamSink(process.stderr)) } : {}),
  })
  interrupt.end()
  const methods = rows.flatMap((row) => (seeds ?? [0]).map(() => row))
  for (const [i, run] of runs.all.entries()) nameUnnamed(run, methods[i]!)
  const results = runs.table().map((row, i) => ({
    method: methods[i]!.method,
    ...row,
    'reported (%)': methods[i]!.reported.value,
  }))
  process.stdout.write(`${json ? JSON.stringify(results) : formatTable(results)}\n`)
  const done =
    results.length === methods.length && runs.all.every(({ id }) => openRun(id, resultsDir).state === 'finished')
  if (done) return 0
  process.stderr.write('Stopped and saved. The same command continues.\n')
  return STOPPED
}

/** Names a run after its row, unless it is a reused run that already has a name. */
function nameUnnamed({ dir }: FinishedRun, { method }: Ablation): void {
  const run = openRun(dir)
  const label = readLabel(run)
  if (label.name === null) writeLabel(run, { ...label, name: method })
}

/** Returns a grid of one configuration with several seeds. */
function gridOf(config: ConfigInput, seeds: readonly number[]): Grid {
  return { ...Object.fromEntries(Object.entries(config).map(([key, value]) => [key, [value]])), seed: seeds }
}
