import path from 'node:path'
import { configFromText } from '../../../config/parse.js'
import { type ConfigInput, configSchema } from '../../../config/schema.js'
import type { Dataset } from '../../../data/dataset.js'
import { costText } from '../../../experiment/sweep/cost.js'
import { Coverage } from '../../../experiment/sweep/coverage.js'
import { distributionOf } from '../../../experiment/sweep/distributions.js'
import type { Grid } from '../../../experiment/sweep/grid.js'
import { type PlannedSweep, planSweep } from '../../../experiment/sweep/plan-sweep.js'
import { prepareSweep } from '../../../experiment/sweep/prepare.js'
import type { SweepOptions } from '../../../experiment/sweep/sweep.js'
import { loadSweepFile } from '../../../experiment/sweep/sweep-file.js'
import { newLabel } from '../../../results/label.js'
import { formatTable } from '../../../results/text.js'
import { preset, presets } from '../../../tasks/presets.js'
import { type Args, type Command, oneWord, wrongUse } from '../../command.js'
import type { HelpBlock } from '../../help.js'
import { given, listOf, onlyKeys, wholeOf } from '../../keys.js'
import { placeOf, slurmHelp, withoutSlurm } from '../../slurm-options.js'
import { submitAndReport } from './submit.js'
import { terminalAsk, trainAndReport } from './train-report.js'

/** Keys of the command besides those of the configuration. */
const OWN_KEYS = [
  ...['out', 'name', 'note', 'tags', 'workers', 'draws', 'drawSeed', 'askAbove'],
  ...['halving', 'halvingMetric', 'rungs'],
] as const

export const help: readonly HelpBlock[] = [
  'key=a,b,c lists values to try, key=0..4 whole numbers; every combination is a run. lr=logUniform(1e-5,1e-2) draws values. A FILE.ts exports base and grid, and optionally options and data, as sweep(base, grid, data, options) takes them. The plan of all runs is stored, and a run that is already stored is not trained again: the same command goes on where it was stopped.',
  {
    title: 'Options',
    rows: [
      ['out=DIR', 'Results folder. Default: results.'],
      [
        'workers=N',
        'Processes that train at the same time, each with its share of the threads. Default: by measurement.',
      ],
      ['draws=N', 'Draws from distributions. Default: 10.'],
      ['drawSeed=N', 'Seed of the draws. Default: 0.'],
      [
        'halving=F',
        'Successive halving: after a ninth and a third of the steps (F=3), one configuration in F goes on. Default: all make every step.',
      ],
      [
        'halvingMetric=M',
        'With halving=: the metric that ranks configurations, by its mean over seeds. Default: test.exact.',
      ],
      ['rungs=N', 'With halving=: the number of decisions. Default: 2.'],
      ['name=TEXT', 'Name of every run. Default: none.'],
      ['note=TEXT', 'Note on every run. Default: none.'],
      ['tags=A,B', 'Tags of every run. Default: none.'],
      ['askAbove=MINUTES', 'A longer sweep asks before it starts, or needs --yes. Default: 30.'],
      ['--plan DIR', 'Folder of the plan. Default: one in RESULTS/sweeps.'],
      ['--dry-run', 'Plans and prints the cost, and trains nothing.'],
      ['--yes', 'Does not ask.'],
      ['--again', 'Trains every run anew, also those that are stored.'],
      ['--no-estimate', 'Skips the estimate of memory.'],
      ['--on slurm', 'Submits the runs to a cluster, with the options below, and returns at once.'],
      ['--json', 'Prints the coverage, or the results, as JSON.'],
    ],
  },
  slurmHelp('With --on slurm'),
]

/** `recurlab sweep PRESET|FILE.ts key=a,b,c …`. */
export const command: Command = {
  help,
  example: 'sweep sudoku-pocket mixer=mlp,attention seed=0..2 trainSteps=200',
  onSignal: 'Nothing was trained yet: the same command begins anew, with the runs that are stored.',
  flags: { plan: true, on: true, 'dry-run': false, yes: false, again: false, 'no-estimate': false, json: false },
  async run(args) {
    const { base, grid, data, options } = await asked(args)
    const planned = await planSweep(base, grid, data, options)
    if (args.flags.has('dry-run')) return dryRun(planned, options, args.flags.has('json'))
    if (options.on === 'slurm') return submitAndReport(planned, options, args.flags.has('json'))
    const ask = args.flags.has('yes') ? null : terminalAsk
    return trainAndReport(planned, options, { json: args.flags.has('json'), out: args.pairs.get('out'), ask })
  },
}

interface Asked {
  readonly base: ConfigInput
  readonly grid: Grid | readonly Grid[]
  readonly data: Dataset | null
  readonly options: SweepOptions & { readonly module?: string }
}

async function asked(args: Args): Promise<Asked> {
  const { words, flags } = args
  const pairs = withoutSlurm(args.pairs)
  onlyKeys(pairs, [...OWN_KEYS, ...Object.keys(configSchema.shape)])
  const own: readonly string[] = OWN_KEYS
  const options = { ...optionsOf(pairs, flags), ...placeOf(args) }
  const { base, grid } = gridFromText(new Map([...pairs].filter(([key]) => !own.includes(key))))
  const what = `one preset (${Object.keys(presets).join(', ')}) or one FILE.ts`
  const word = oneWord(words, what)
  if (!word.endsWith('.ts')) return { base: preset(word, base), grid, data: null, options }
  const file = await loadSweepFile(word)
  const varied = Object.keys(grid)
  if (varied.length > 0 && Array.isArray(file.grid))
    throw wrongUse('no values to vary, as the file has a list of grids', varied.join(', '))
  return {
    base: { ...file.base, ...base },
    grid: varied.length > 0 ? { ...(file.grid as Grid), ...grid } : file.grid,
    data: typeof file.data === 'function' ? await file.data() : (file.data ?? null),
    options: { ...file.options, ...options, module: path.resolve(word) },
  }
}

function optionsOf(pairs: Args['pairs'], flags: Args['flags']): SweepOptions {
  const number = (key: string, least: number): number | undefined => wholeOf(key, pairs.get(key), least)
  const workers = pairs.get('workers') === 'auto' ? undefined : number('workers', 1)
  const factor = number('halving', 2)
  const halving = given({ factor, metric: pairs.get('halvingMetric'), rungs: number('rungs', 1) })
  if (factor === undefined && Object.keys(halving).length > 0)
    throw wrongUse('halving=F beside halvingMetric= and rungs=', 'none')
  const plan = flags.get('plan')
  return {
    ...given({
      resultsDir: pairs.get('out'),
      workers,
      askAbove: number('askAbove', 0),
      draws: number('draws', 1),
      drawSeed: number('drawSeed', 0),
      planDir: typeof plan === 'string' ? plan : undefined,
      halving: factor === undefined ? undefined : halving,
    }),
    ...labelOf(pairs),
    ...(flags.has('again') ? { resume: false } : {}),
    ...(flags.has('no-estimate') ? { estimate: false } : {}),
  }
}

function labelOf(pairs: Args['pairs']): Pick<SweepOptions, 'name' | 'note' | 'tags'> {
  const label = given({ name: pairs.get('name'), note: pairs.get('note'), tags: pairs.get('tags')?.split(',') })
  newLabel(label)
  return label
}

/**
 * Returns the shared keys and the grid of `key=value`, `key=a,b,c`, `key=0..4` and `key=logUniform(1e-5,1e-2)`.
 *
 * @throws UserError (exit code 2) for values that a key does not take, and ranges that are empty.
 */
export function gridFromText(pairs: ReadonlyMap<string, string>): { base: ConfigInput; grid: Grid } {
  const single = new Map<string, string>()
  const grid: Record<string, unknown> = {}
  for (const [key, text] of pairs) {
    const distribution = distributionOf(text)
    const values = distribution ? [] : listOf(key, text)
    if (distribution) grid[key] = distribution
    else if (values.length === 1) single.set(key, values[0]!)
    else grid[key] = values.map((value) => configFromText(new Map([[key, value]]))[key])
  }
  return { base: configFromText(single) as ConfigInput, grid: grid as Grid }
}

async function dryRun(planned: PlannedSweep, options: SweepOptions, json: boolean): Promise<number> {
  const { plan, cost } = await prepareSweep(planned, options)
  const coverage = new Coverage(plan)
  const { runs } = coverage
  if (json) process.stdout.write(`${JSON.stringify({ plan: plan.dir, cost, runs })}\n`)
  else process.stdout.write(`${formatTable(coverage.table())}\n${costText(cost)}\nPlan: ${plan.dir}\n`)
  return 0
}
