import { PUBLIC_WEIGHTS } from '../../interop/named/public.js'
import { weightsNamed, weightsNames } from '../../interop/named/record.js'
import { formatTable } from '../../results/text.js'
import { type CommandGroup, noWords } from '../command.js'
import { onlyKeys } from '../keys.js'

/** `recurlab weights`, which lists; `recurlab weights fetch`. */
export const group: CommandGroup = {
  alone: {
    help: [],
    example: 'weights',
    flags: { json: false },
    run({ words, pairs, flags }) {
      noWords(words)
      onlyKeys(pairs, [])
      const rows = listed()
      process.stdout.write(flags.has('json') ? `${JSON.stringify(rows)}\n` : `${formatTable(rows)}\n`)
      return 0
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
    'Without a word it lists the weights that have a name: those here, with their recorded accuracy at the largest depth (one rollout), and public ones to fetch; --json prints the list as JSON.',
    'A name is accepted wherever a run or a file of weights is; a file or a run of that name comes first.',
  ],
  example: 'weights fetch trm-sudoku-mlp',
}

const OURS = 'this repository'

/** Returns a row for each name: weights that are here first, then public ones that are not. */
function listed(): Record<string, string | number | boolean | null>[] {
  const names = weightsNames()
  const here = names.map((name) => {
    const { record } = weightsNamed(name)!
    const measured = record.evaluations?.filter(({ rollouts }) => rollouts === 1).at(-1)
    return {
      name,
      here: true,
      'exact (%)': measured === undefined ? null : 100 * measured.exact,
      depth: measured?.depth ?? null,
      parameters: record.parameters,
      weights: record.summary,
      from: record.source?.repository ?? OURS,
    }
  })
  const others = PUBLIC_WEIGHTS.filter(({ name }) => !names.includes(name)).map(({ name, summary, repository }) => ({
    name,
    here: false,
    'exact (%)': null,
    depth: null,
    parameters: null,
    weights: summary,
    from: repository,
  }))
  return [...here.sort((a, b) => Number(b.from === OURS) - Number(a.from === OURS)), ...others]
}
