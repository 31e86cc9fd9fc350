import { availableParallelism } from 'node:os'
import { createCompiler } from '../typescript/compile.mjs'
import { runInForeground } from './child.mjs'
import { SetupError } from './errors.mjs'
import { inRoot, inSetup, root } from './paths.mjs'
import { slowTests, testSources, trialTests, unitTests } from './test-files.mjs'

/** Number of test files that run at the same time: one more than cores, since many wait for other processes. */
const AT_ONCE = Math.min(4, availableParallelism() + 1)

/** Milliseconds after which a hanging test fails by its name. The longest one takes two minutes on two cores. */
const LONGEST_MS = 15 * 60_000

/** The same where every trial runs: hours. */
const LONGEST_WITH_ALL_TRIALS_MS = 6 * 3_600_000

/** Entry points of the unit tests, half of them in each of two processes. */
const UNIT_TESTS = ['first', 'second'].map((half) => inSetup(`unit-tests/${half}.mjs`))

/**
 * Runs the tests and prints `N passed, M failed` as the last line.
 *
 * @param {string[]} rest files to run, or further options of `node --test`; default: every `tests/**\/*.test.ts`
 * @param {{ unit?: boolean, allTrials?: boolean }} [choice] `unit`: without the slow tests; `allTrials`: only the tests made of
 *   trials, with every trial instead of a sample
 * @returns {Promise<number>} 0 when all passed, else 1
 * @throws {SetupError} when there is no test at all
 */
export async function runTests(rest, { unit = false, allTrials = false } = {}) {
  const files = rest.filter((word) => !word.startsWith('-'))
  const options = rest.filter((word) => word.startsWith('-'))
  if (unitTests().length === 0) throw new SetupError('There are no tests in tests/.', 'Restore them with git checkout.')
  if (files.length === 0) compileTests()
  const chosen = files.length > 0 ? files : allTrials ? trialTests() : [...UNIT_TESTS, ...(unit ? [] : slowTests())]
  if (allTrials) process.env.RECURLAB_TRIALS = 'all'
  const code = await runInForeground(process.execPath, [
    ...[
      '--import',
      inSetup('test-loader.mjs'),
      '--test',
      `--test-concurrency=${AT_ONCE}`,
      `--test-timeout=${allTrials ? LONGEST_WITH_ALL_TRIALS_MS : LONGEST_MS}`,
    ],
    ...[`--test-reporter=${inSetup('test-reporter.mjs')}`, '--test-reporter-destination=stdout'],
    ...options,
    ...chosen,
  ])
  return code === 0 ? 0 : 1
}

/** Compiles what the tests are made of in this one process, or each of theirs would load TypeScript for its own file. */
function compileTests() {
  const { isKept, compile } = createCompiler(root)
  for (const file of testSources().map((name) => inRoot(name))) if (!isKept(file)) compile(file)
}
