import { writeSync } from 'node:fs'
import path from 'node:path'
import { Worker } from 'node:worker_threads'
import type { ModulesReply, ToCells } from '../protocol.js'
import { watchChildren } from './children.js'
import { createComms } from './comms.js'
import { replaceConsole } from './console.js'
import { context, currentCell } from './context.js'
import { endWithChildren } from './end.js'
import { createEvaluator } from './evaluate.js'
import { installHost } from './host.js'
import { answerInput } from './input.js'
import { cutHugeObjects, hideContexts } from './inspect.js'
import { createLifecycle, type Hooks, type Lifecycle } from './lifecycle.js'
import { createLoader } from './loader/index.js'
import { captureOutput, print } from './output.js'
import { reportUncaught } from './report.js'
import { installRuntime } from './runtime.js'
import { newSharedMemory, type SharedState, sharedState } from './shared-state.js'
import { addModule, offerModules } from './source-maps.js'
import { mapStacks } from './stack.js'
import { replaceTimers } from './timers.js'
import { offerVariables } from './variables.js'
import { send } from './wire.js'

/**
 * Runs the cells that the server sends, until the server ends.
 *
 * @param root the project's folder
 * @param cwd the notebook's folder
 */
export function start(root: string, cwd: string): void {
  const memory = newSharedMemory()
  const shared = sharedState(memory)
  const stopper = new Worker(path.join(root, 'lib', 'kernel', 'cells', 'main.mjs'), {
    workerData: { root, state: memory },
  })
  stopper.unref()
  // Ready only with the thread, without which no busy cell could be stopped.
  stopper.once('message', () => send({ type: 'ready' }))
  stopper.on('error', (error) => stopperFailed(error, shared))
  // Ctrl-C in a terminal reaches every process of the group, but the server stops cells.
  process.on('SIGINT', () => {})
  process.on('disconnect', endWithChildren)
  captureOutput(shared)
  replaceConsole()
  replaceTimers()
  watchChildren(shared)
  hideContexts()
  cutHugeObjects()
  mapStacks(root)
  reportUncaught()

  const asked = new Map<number, (reply: ModulesReply) => void>()
  let questions = 0
  const loader = createLoader({
    root,
    cwd,
    requestModules(specifier, from, answer) {
      asked.set(++questions, answer)
      send({ type: 'modules', id: questions, specifier, from })
    },
    onSource: (source) => addModule(root, source),
    onPackages: (underway) => lifecycle.packagesUnderway(underway),
  })
  const hooks: Hooks = { cellEnd: new Map(), forcedStop: new Map() }
  const evaluator = createEvaluator()
  process.on('exit', () => evaluator.close())
  const lifecycle: Lifecycle = createLifecycle({ evaluator, loader, hooks, shared })
  const comms = createComms()
  hooks.forcedStop.set('recurlab.comms', () => comms.abandon())
  installHost(hooks, lifecycle, comms)
  offerModules()
  offerVariables()
  installRuntime(loader, cwd)

  const receive = (message: ToCells): void => {
    switch (message.type) {
      case 'run':
        lifecycle.run(message.cell)
        break
      case 'stop':
        lifecycle.stop(message.cell)
        break
      case 'input':
        answerInput(message.id, message.value)
        break
      case 'comm':
        comms.receive(message)
        break
      case 'modules': {
        const answer = asked.get(message.id)
        asked.delete(message.id)
        answer?.(message.reply)
      }
    }
  }
  process.on('message', (message) => {
    // A forced stop may have left the context of its cell behind.
    context.enterWith(undefined)
    receive(message as ToCells)
  })
}

/** Ends the process, unless it holds a user's work: without the interrupting thread no busy cell can be stopped. */
function stopperFailed(error: Error, shared: SharedState): void {
  const text = `the thread that stops busy cells has failed: ${error.stack ?? error.message}\n`
  if (currentCell() !== null || shared.ended > 0) {
    print('stderr', text, currentCell()?.parent ?? null)
    return
  }
  writeSync(2, text)
  process.exit(1)
}
