import { type Args, type Command, wrongUse } from '../command.js'
import { buildAction, buildHelp } from './data/build.js'
import { exportAction, exportHelp } from './data/export.js'
import { fetchAction, fetchHelp } from './data/fetch.js'
import { infoAction, infoHelp } from './data/info.js'
import { solveFileAction, solveFileHelp } from './data/solve-file.js'

/** What follows `recurlab data`, each with one word after it. */
const actions: Readonly<Record<string, (args: Args) => number | Promise<number>>> = {
  build: buildAction,
  fetch: fetchAction,
  info: infoAction,
  export: exportAction,
  solve: solveFileAction,
}

/** `recurlab data build|fetch|info|export|solve`. */
export const command: Command = {
  usage: 'data build|fetch|info|export|solve …',
  summary: 'build or fetch data sets, say what is in one, export it',
  help: [buildHelp, fetchHelp, infoHelp, exportHelp, solveFileHelp].join('\n\n'),
  flags: { json: false, force: false, color: false },
  async run(args) {
    const [name, ...words] = args.words
    const action = name !== undefined && Object.hasOwn(actions, name) ? actions[name] : undefined
    if (!action) throw wrongUse(`${Object.keys(actions).join(', ')} after data`, name ?? 'nothing')
    if (words.length > 1) throw wrongUse('two words', `${args.words.length} (${args.words.join(' ')})`)
    return action(args)
  },
}
