import { readdirSync } from 'node:fs'
import { runInForeground } from './child.mjs'
import { SetupError } from './errors.mjs'
import { inRoot, inSetup } from './paths.mjs'

/** Test files that run at the same time. Each may compute with every core. */
const AT_ONCE = 2

/** Milliseconds after which a hanging test fails by its name. The longest one takes four minutes on two cores. */
const LONGEST_MS = 15 * 60_000

/**
 * Runs the tests and prints `N passed, M failed` as the last line.
 *
 * @param {string[]} rest files to run, or further options of `node --test`; default: every `tests/**\/*.test.ts`
 * @returns {Promise<number>} 0 when all passed, else 1
 * @throws {SetupError} when there is no test at all
 */
export async function runTests(rest) {
  const files = rest.filter((word) => !word.startsWith('-'))
  const options = rest.filter((word) => word.startsWith('-'))
  const chosen = files.length > 0 ? files : allTests()
  if (chosen.length === 0) throw new SetupError('There are no tests in tests/.', 'Restore them with git checkout.')
  const code = await runInForeground(process.execPath, [
    ...['--import', inSetup('tsx.mjs'), '--test', `--test-concurrency=${AT_ONCE}`, `--test-timeout=${LONGEST_MS}`],
    ...[`--test-reporter=${inSetup('test-reporter.mjs')}`, '--test-reporter-destination=stdout'],
    ...options,
    ...chosen,
  ])
  return code === 0 ? 0 : 1
}

function allTests() {
  return readdirSync(inRoot('tests'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .sort()
    .map((name) => `tests/${name}`)
}
