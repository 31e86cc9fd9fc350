import { type Args, type Command, wrongUse } from '../command.js'
import { buildAction, buildHelp } from './data/build.js'
import { exportAction, exportHelp } from './data/export.js'
import { fetchAction, fetchHelp } from './data/fetch.js'
import { infoAction, infoHelp } from './data/info.js'
import { solveFileAction, solveFileHelp } from './data/solve-file.js'

/** What follows `recurlab data`: how many words it takes beside itself, and what it does. */
const actions: Readonly<Record<string, (args: Args) => number | Promise<number>>> = {
  build: buildAction,
  info: infoAction,
  export: exportAction,
  fetch: fetchAction,
  solve: solveFileAction,
}

/** `recurlab data build|info|export|fetch|solve`. */
export const command: Command = {
  usage: 'data build TASK key=value … | info DIR | …',
  summary: 'build or fetch data sets, say what is in one, export one, solve a file of puzzles',
  help: [buildHelp, infoHelp, exportHelp, fetchHelp, solveFileHelp].join('\n\n'),
  flags: { json: false, force: false, color: false },
  async run(args) {
    const [name, ...words] = args.words
    const action = name !== undefined && Object.hasOwn(actions, name) ? actions[name] : undefined
    if (!action) throw wrongUse(`${Object.keys(actions).join(', ')} after data`, name ?? 'nothing')
    if (words.length > 1) throw wrongUse('two words', `${args.words.length} (${args.words.join(' ')})`)
    return action(args)
  },
}
