import { planSync, type Side, type SyncPlan } from '../../../notebook/percent/pair.js'
import { type Args, type Command, wrongUse } from '../../command.js'
import { namedPairs } from './files.js'

export const command: Command = {
  help: [
    'The text form of NAME.ipynb is NAME.ts beside it: its cells in the percent format of jupytext, which git diff and editors show well, without outputs. Whichever file has changed since the last sync is carried over to the other, a missing one is written, and files with the same cells are left alone. Outputs of cells whose source is the same stay; recurlab notebooks refresh makes the others.',
    'The last sync is remembered in .recurlab; where it is not, as in a new checkout, the last commit counts. If both files have changed, nothing is written and --from decides. After a merge with conflicts in the notebook, take either side of it (git checkout --ours NAME.ipynb) and sync: the merged text is carried over.',
    {
      title: 'Options',
      rows: [
        ['FILE …', 'Notebooks, their texts, or folders with both. Default: notebooks.'],
        ['--from SIDE', 'The file that decides: ipynb or ts. Default: the one that has changed.'],
        ['--check', 'Writes nothing, lists the pairs that differ, and exits with 1 if there are any.'],
      ],
    },
  ],
  example: 'notebooks sync notebooks/01-mlp-vs-attention.ts',
  flags: { from: true, check: false },
  run,
}

function run(args: Args): number {
  if (args.pairs.size > 0) throw wrongUse('files and options', [...args.pairs.keys()][0]!)
  const from = sideOf(args.flags.get('from'))
  // All are compared before the first is written.
  const plans = namedPairs(args.words).map((pair) => planSync(pair, { from }))
  const check = args.flags.has('check')
  for (const plan of plans) {
    if (!check) plan.apply()
    const line = described(plan, check)
    if (line !== null) process.stdout.write(`${line}\n`)
  }
  const differing = plans.filter(({ writes }) => writes !== null).length
  const count = `${plans.length} ${plans.length === 1 ? 'notebook' : 'notebooks'}`
  if (differing === 0) process.stdout.write(`${count} and their texts have the same cells.\n`)
  return check && differing > 0 ? 1 : 0
}

function sideOf(given: string | true | undefined): Side | undefined {
  if (given === undefined || given === 'ipynb' || given === 'ts') return given
  throw wrongUse('--from ipynb or --from ts', String(given))
}

/** Returns the line about a pair; null if there is nothing to say. */
function described({ pair, writes, creates, changed }: SyncPlan, check: boolean): string | null {
  if (writes === null) return null
  const from = pair[writes === 'ts' ? 'ipynb' : 'ts']
  const how = check ? 'would be ' : ''
  const cells = changed === 1 ? 'cell has' : 'cells have'
  const without = changed > 0 && !creates ? `; ${changed} new or changed ${cells} no outputs` : ''
  return `${pair[writes]}: ${how}${creates ? 'created' : 'updated'} from ${from}${without}`
}
