import { type Args, type Command, wrongUse } from '../command.js'
import { benchDataAction, benchDataHelp } from './bench/data.js'
import { benchKernelAction, benchKernelHelp } from './bench/kernel.js'
import { benchLiveAction, benchLiveHelp } from './bench/live.js'
import { benchMemoryAction, benchMemoryHelp } from './bench/memory.js'
import { benchScalingAction, benchScalingHelp } from './bench/scaling.js'
import { benchTorchAction, benchTorchHelp } from './bench/torch.js'
import { benchWaitAction, benchWaitHelp } from './bench/wait.js'

/** What follows `recurlab bench`. */
const actions: Readonly<Record<string, (names: readonly string[], args: Args) => Promise<number>>> = {
  data: benchDataAction,
  kernel: benchKernelAction,
  live: benchLiveAction,
  memory: benchMemoryAction,
  scaling: benchScalingAction,
  wait: benchWaitAction,
  train: (names, args) => benchTorchAction('train', names, args),
  eval: (names, args) => benchTorchAction('eval', names, args),
}

/** `recurlab bench data|kernel|live|memory|scaling|wait|train|eval`. */
export const command: Command = {
  usage: 'bench data|kernel|live|memory|scaling|wait|train|eval [NAME …] key=value …',
  summary:
    'measure how fast data are built, how fast the notebook kernel answers, what live curves cost, whether training holds on to memory, how good the estimate before a run is, what a step waits for its batch, how fast training and evaluation are beside PyTorch',
  help: [
    benchDataHelp,
    benchKernelHelp,
    benchLiveHelp,
    benchMemoryHelp,
    benchScalingHelp,
    benchWaitHelp,
    benchTorchHelp,
  ].join('\n'),
  flags: { json: false, inside: false },
  async run(args) {
    const [what, ...names] = args.words
    const action = what !== undefined && Object.hasOwn(actions, what) ? actions[what] : undefined
    if (!action) throw wrongUse(`${Object.keys(actions).join(', ')} after bench`, what ?? 'nothing')
    return action(names, args)
  },
}
