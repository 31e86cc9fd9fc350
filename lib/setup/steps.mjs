import { codeIsReady, compileCode } from './code.mjs'
import { compilerIsReady, makeCompiler } from './compiler.mjs'
import { SetupError } from './errors.mjs'
import { kernelsAreSettled, kernelsWarning, makeKernels } from './kernels.mjs'
import { kernelspecIsReady, registerKernel } from './kernelspec.mjs'
import { dropLock, takeLock } from './lock.mjs'
import { nativeIsSettled, readRecord, setUpNative } from './native.mjs'
import { installPackages, packagesAreReady } from './packages.mjs'
import { checkSystem } from './platform.mjs'
import { checkWritable, keepPrivate } from './private.mjs'
import { makeVenv, venvIsReady } from './venv.mjs'
import { sweep } from './work.mjs'

/**
 * @typedef {{ name: string, isReady: () => boolean | Promise<boolean>,
 *   run: (say: (what: string) => void) => Promise<string>, warning?: () => string | null }} Step
 * `isReady` takes milliseconds; `run` does the work and returns a summary; `warning` is shown on every start.
 */

/** @param {boolean} thorough @returns {Step} */
function packages(thorough) {
  return { name: 'npm packages', isReady: () => packagesAreReady(thorough), run: installPackages }
}

/** @param {boolean} thorough @returns {Step} */
function venv(thorough) {
  return { name: 'Python environment', isReady: () => venvIsReady(thorough), run: makeVenv }
}

/** @type {Step} */
const kernel = {
  name: 'Jupyter kernel',
  isReady: kernelspecIsReady,
  run: async () => {
    registerKernel()
    return 'kernelspec recurlab in .venv'
  },
}

/** @param {boolean} retry @returns {Step} */
function compiler(retry) {
  return { name: "the kernel's compiler", isReady: () => compilerIsReady(retry), run: makeCompiler }
}

/** @type {Step} */
const code = { name: "the project's code", isReady: codeIsReady, run: compileCode }

/** @param {import('./libtensorflow.mjs').Kind} kind @param {boolean} retry @returns {Step} */
function native(kind, retry) {
  return {
    name: kind === 'gpu' ? 'GPU backend' : 'native backend',
    isReady: () => nativeIsSettled(kind, retry),
    run: async (say) => {
      const record = await setUpNative(kind, say)
      if (record.state === 'missing' && kind === 'gpu') throw new SetupError(record.reason, record.todo)
      return record.state === 'ready' ? `libtensorflow ${record.version} with ${record.compiler}` : 'not available'
    },
    warning: () => {
      const record = readRecord(kind)
      if (record?.state !== 'missing') return null
      return `The native backend is not available: ${record.reason} WebAssembly is used instead, which is slower. ${record.todo}`
    },
  }
}

/** @param {boolean} retry @returns {Step} */
function kernels(retry) {
  return {
    name: 'fused kernels',
    isReady: () => kernelsAreSettled(retry),
    run: makeKernels,
    warning: kernelsWarning,
  }
}

/**
 * Runs the steps that are not done yet. A second run takes well under a second.
 *
 * @param {{ gpu?: boolean, retry?: boolean }} options retry: repeats failed steps, and looks for damaged files
 * @throws {SetupError} from the step that failed; the steps before and beside it stay done
 */
export async function setUp({ gpu = false, retry = false }) {
  const start = performance.now()
  const seconds = (/** @type {number} */ from) => `${((performance.now() - from) / 1000).toFixed(1)} s`
  const node = checkSystem()
  checkWritable()
  keepPrivate()
  await takeLock((pid) => say(`Another set-up (process ${pid}) is running in this folder; waiting for it to finish.`))
  try {
    const cpu = [native('cpu', retry), kernels(retry)]
    // Lanes of a stage run beside each other: downloads wait for the network, compilers for a core.
    const stages = [
      [[packages(retry)], [venv(retry)]],
      [[kernel, compiler(retry), code], cpu],
      [gpu ? [native('gpu', true)] : []],
    ]
    let done = 0
    const runLane = async (/** @type {Step[]} */ lane) => {
      for (const step of lane) {
        if (await step.isReady()) continue
        if (done++ === 0) {
          sweep()
          say(`Setting up in this folder (${node}). Ctrl-C stops; the same command continues.`)
        }
        const from = performance.now()
        say(`  ${step.name} …`)
        const result = await step.run((what) => say(`    ${what}`))
        say(`  ${step.name}: ${result} (${seconds(from)})`)
      }
    }
    for (const lanes of stages) {
      // The lanes beside one that fails are finished first: their work is kept.
      const ended = await Promise.allSettled(lanes.map(runLane))
      for (const one of ended) if (one.status === 'rejected') throw one.reason
    }
    if (done > 0) sweep()
    for (const step of stages.flat(2)) {
      const warning = step.warning?.()
      if (warning) say(`Warning: ${warning}`)
    }
    say(done === 0 ? `Set-up: nothing to do (${seconds(start)})` : `Set-up: done (${seconds(start)})`)
  } finally {
    dropLock()
  }
}

/** @param {string} line */
function say(line) {
  process.stdout.write(`${line}\n`)
}
