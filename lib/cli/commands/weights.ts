import { PUBLIC_WEIGHTS } from '../../interop/named/public.js'
import { weightsNamed, weightsNames } from '../../interop/named/record.js'
import { type DamagedRun, readEach } from '../../results/run.js'
import { formatTable } from '../../results/text.js'
import { halfWidth, plusMinus } from '../../statistics/rounding.js'
import { type CommandGroup, noWords } from '../command.js'
import { onlyKeys } from '../keys.js'
import { LISTING_CODE, reportDamaged } from '../output.js'

/** `recurlab weights`, which lists; `recurlab weights fetch`. */
export const group: CommandGroup = {
  alone: {
    help: [LISTING_CODE],
    example: 'weights',
    flags: { json: false },
    run({ words, pairs, flags }) {
      noWords(words)
      onlyKeys(pairs, [])
      const { rows, damaged } = listed()
      reportDamaged(damaged, 'the record of weights')
      process.stdout.write(`${flags.has('json') ? JSON.stringify(rows) : textOf(rows)}\n`)
      return damaged.length > 0 ? 1 : 0
    },
  },
  commands: {
    fetch: {
      usage: 'weights fetch NAME',
      summary: 'Download public weights and check them tensor by tensor.',
      load: async () => (await import('./weights/fetch.js')).command,
    },
  },
  help: [
    'Without a word it lists the weights that have a name: those here, with their recorded exact accuracy on n test puzzles (one rollout of D supervision steps, 95 % interval), and public ones to fetch. --json prints them as JSON, with repositories.',
    'A name is accepted wherever a run or a file of weights is; a file or a run of that name comes first.',
  ],
  example: 'weights fetch trm-sudoku-mlp',
}

const OURS = 'this repository'

interface Row {
  readonly name: string
  readonly here: boolean
  /** Recorded exact accuracy at the largest depth, one rollout; null where none is recorded. */
  readonly accuracy: { exact: number; low: number; high: number; puzzles: number; depth: number } | null
  readonly parameters: number | null
  readonly weights: string
  readonly from: string
}

/** Returns a row for each name: weights that are here first, then public ones that are not. */
function listed(): { readonly rows: Row[]; readonly damaged: readonly DamagedRun[] } {
  const names = weightsNames()
  const ids = names.map((id) => ({ id }))
  const { read: here, damaged } = readEach(ids, ({ id: name }): Row => {
    const { record } = weightsNamed(name)!
    const measured = record.evaluations?.filter(({ rollouts }) => rollouts === 1).at(-1)
    return {
      name,
      here: true,
      accuracy: measured === undefined ? null : accuracyOf(measured),
      parameters: record.parameters,
      weights: record.summary,
      from: record.source?.repository ?? OURS,
    }
  })
  const others = PUBLIC_WEIGHTS.filter(({ name }) => !names.includes(name)).map(
    ({ name, summary, repository }): Row => ({
      name,
      here: false,
      accuracy: null,
      parameters: null,
      weights: summary,
      from: repository,
    }),
  )
  return { rows: [...here.sort((a, b) => Number(b.from === OURS) - Number(a.from === OURS)), ...others], damaged }
}

function accuracyOf({ exact, low, high, puzzles, depth }: NonNullable<Row['accuracy']>): Row['accuracy'] {
  return { exact, low, high, puzzles, depth }
}

function textOf(rows: readonly Row[]): string {
  const here = rows.filter((row) => row.here)
  const others = rows.filter((row) => !row.here)
  const tables = [
    formatTable(
      here.map(({ name, accuracy, weights }) => ({
        name,
        'exact (%)': accuracy === null ? null : percentOf(accuracy),
        n: accuracy?.puzzles,
        D: accuracy?.depth,
        weights,
      })),
    ),
    ...(others.length === 0
      ? []
      : [
          'To fetch, with recurlab weights fetch NAME:',
          formatTable(others.map(({ name, weights }) => ({ name, weights }))),
        ]),
  ]
  return tables.join('\n\n')
}

function percentOf({ exact, low, high }: NonNullable<Row['accuracy']>): string {
  const half = halfWidth({ low, high })
  return plusMinus(100 * exact, half === null ? null : 100 * half)
}
