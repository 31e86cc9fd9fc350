import { type Args, type Command, noWords } from '../../lib/cli/command.js'
import { countOf, onlyKeys, wholeOf } from '../../lib/cli/keys.js'
import { formatTable } from '../../lib/results/text.js'
import { benchPlan, type PlanMeasurement } from '../plan.js'

/** `recurlab bench plan`. */
export const command: Command = {
  help: [
    'Plans a sweep of many runs, and simulates nodes that train it: they claim runs, finish, fail and die at drawn times. The plan, the search for waiting runs, the states and the coverage are the real ones; a run is its status.json and its lease, and no process is started.',
    {
      title: 'Options',
      rows: [
        ['runs=N', 'Number of runs. Default: 10000.'],
        ['nodes=N', 'Number of nodes. Default: 500.'],
        ['seed=N', 'Seed of durations and failures. Default: 0.'],
        ['--json', 'Prints the figures as JSON.'],
      ],
    },
  ],
  example: 'bench plan runs=1000 nodes=50',
  flags: { json: false },
  run: bench,
}

async function bench({ words, pairs, flags }: Args): Promise<number> {
  noWords(words)
  const keys = onlyKeys(pairs, ['runs', 'nodes', 'seed'])
  const measured = await benchPlan({
    runs: countOf('runs', keys.runs, 10_000),
    nodes: countOf('nodes', keys.nodes, 500),
    seed: wholeOf('seed', keys.seed, 0) ?? 0,
    onProgress: (line) => process.stderr.write(`${line}\n`),
  })
  process.stdout.write(`${flags.has('json') ? JSON.stringify(measured) : formatTable(rows(measured))}\n`)
  return measured.done === measured.runs && measured.doubled === 0 ? 0 : 1
}

function rows(measured: PlanMeasurement): Record<string, string>[] {
  const seconds = (value: number): string => `${value.toFixed(2)} s`
  const figures: [string, string][] = [
    ['runs, nodes', `${measured.runs}, ${measured.nodes}`],
    ['planning', seconds(measured.planSeconds)],
    ['writing the plan', seconds(measured.writeSeconds)],
    ['reading it', seconds(measured.readSeconds)],
    ['status and coverage, half done', seconds(measured.statusSeconds)],
    [`searches for waiting runs (${measured.searches})`, seconds(measured.queueSeconds)],
    ['the longest search', seconds(measured.longestSearchSeconds)],
    ['claims, deaths of nodes, failures', `${measured.claims}, ${measured.deaths}, ${measured.failures}`],
    ['runs done, runs at two nodes', `${measured.done}, ${measured.doubled}`],
    ['simulated hours', measured.hours.toFixed(1)],
    ['peak memory', `${(measured.peakBytes / 1e6).toFixed(0)} MB`],
  ]
  return figures.map(([what, figure]) => ({ what, figure }))
}
