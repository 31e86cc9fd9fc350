import { runInForeground } from './child.mjs'
import { inRoot } from './paths.mjs'
import { runTests } from './test.mjs'

/**
 * Runs the gate: types, format and lint, tests. All of them run even where the first one fails.
 *
 * @returns {Promise<number>} exit code
 */
export async function check() {
  // Called by path, because another package brings an old tsc that shadows node_modules/.bin/tsc.
  const tsc = inRoot('node_modules', 'typescript', 'lib', 'tsc.js')
  const types = await runInForeground(process.execPath, [tsc, '--noEmit', '-p', inRoot()])
  const setup = await runInForeground(process.execPath, [tsc, '--noEmit', '-p', inRoot('lib', 'setup')])
  const biome = await runInForeground(inRoot('node_modules', '.bin', 'biome'), ['check'])
  const results = { types, 'types of set-up': setup, 'format and lint': biome }
  const failed = Object.entries(results).filter(([, code]) => code)
  process.stdout.write(failed.length === 0 ? 'types, format and lint: all is well\n' : '')
  // Continuous integration reads the last line, which is the count of tests.
  const tests = await runTests([])
  if (failed.length > 0) process.stderr.write(`check: failed: ${failed.map(([name]) => name).join(', ')}\n`)
  return failed.length === 0 && tests === 0 ? 0 : 1
}
