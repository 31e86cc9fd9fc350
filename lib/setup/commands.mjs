import { existsSync } from 'node:fs'
import { check, lint, typecheck } from './check.mjs'
import { runInForeground, stopOnSignals } from './child.mjs'
import { reasonOf, SetupError, Stopped } from './errors.mjs'
import { lab } from './lab.mjs'
import { inRoot, root } from './paths.mjs'
import { status } from './status.mjs'
import { setUp } from './steps.mjs'
import { runTests } from './test.mjs'

const FIRST_NOTEBOOK = '01-mlp-vs-attention'

/** @type {Record<string, (rest: string[]) => Promise<number>>} */
const commands = {
  start: async (rest) => {
    await prepared({})
    return await firstNotebook(rest)
  },
  test: async (rest) => {
    await prepared({})
    return await runTests(rest)
  },
  'test:unit': async (rest) => {
    await prepared({})
    return await runTests(rest, { unit: true })
  },
  'test:long': async (rest) => {
    await prepared({})
    return await runTests(rest, { allTrials: true })
  },
  typecheck: async () => {
    await prepared({})
    return await typecheck()
  },
  lint: async () => {
    await prepared({})
    return await lint()
  },
  setup: async () => await prepared({ retry: true }),
  'setup:gpu': async () => await prepared({ retry: true, gpu: true }),
  lab: async (rest) => {
    await prepared({})
    return await lab(rest)
  },
  check: async () => {
    await prepared({})
    return await check()
  },
  status: async () => await status(),
}

/** @param {{ gpu?: boolean, retry?: boolean }} options */
async function prepared(options) {
  const undo = stopOnSignals()
  try {
    await setUp(options)
    return 0
  } finally {
    undo()
  }
}

/**
 * Runs the first notebook and writes its report.
 *
 * @param {string[]} rest further parameters and options of `recurlab run`; `--out FILE` replaces the default
 */
async function firstNotebook(rest) {
  const notebook = `notebooks/${FIRST_NOTEBOOK}.ipynb`
  if (!existsSync(inRoot(notebook))) throw new SetupError(`${notebook} is missing.`, 'Restore it with git checkout.')
  const out = rest.includes('--out') ? [] : ['--out', `results/notebooks/${FIRST_NOTEBOOK}.ipynb`]
  const code = await runInForeground(process.execPath, [
    'lib/cli/recurlab.mjs',
    'run',
    notebook,
    ...out,
    '--report',
    ...rest,
  ])
  if (code === 0) process.stdout.write('To open the notebook, change a number and run it again: npm run lab\n')
  return code
}

/**
 * Runs one of the commands.
 *
 * @param {readonly string[]} argv its name and what follows
 * @returns {Promise<number>} the exit code
 */
export async function runCommand([name = '', ...rest]) {
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (!command) {
    process.stderr.write(`Usage: node lib/setup/main.mjs ${Object.keys(commands).join('|')}\n`)
    return 2
  }
  try {
    return await command(rest)
  } catch (error) {
    return report(error)
  }
}

/** Codes of the system's errors where a folder cannot be written at all. */
const NOT_OURS = ['EACCES', 'EPERM', 'EROFS']

/** @param {unknown} error @returns {number} the exit code */
function report(error) {
  if (error instanceof Stopped) {
    process.stderr.write('\nStopped. Run the same command again: it continues where this one stopped.\n')
    return error.signal === 'SIGINT' ? 130 : 143
  }
  if (error instanceof SetupError) {
    const detail = error.detail ? `${error.detail.replace(/^/gm, '    ')}\n` : ''
    process.stderr.write(`\n${detail}recurlab set-up: ${error.message} ${error.todo}\n`)
    return 1
  }
  const code = error instanceof Error && 'code' in error ? String(error.code) : null
  if (code && NOT_OURS.includes(code) && !process.env.RECURLAB_DEBUG) {
    process.stderr.write(
      `\nrecurlab set-up: expected a project folder that you can write to, found ${root}: ${reasonOf(error)}. Clone the project into a folder of your own and run the same command there.\n`,
    )
    return 1
  }
  // The system refused something else, such as space or network.
  if (code && !process.env.RECURLAB_DEBUG) {
    process.stderr.write(
      `\nrecurlab set-up: ${reasonOf(error)}. Check permissions and free space, then run the same command again.\n`,
    )
    return 1
  }
  throw error
}
