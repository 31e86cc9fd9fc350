import { runInForeground } from './child.mjs'
import { inRoot } from './paths.mjs'
import { runTests } from './test.mjs'

/** Checks the types of the project, and of set-up's own JavaScript. @returns {Promise<number>} exit code */
export async function typecheck() {
  // Called by path, because another package installs an old tsc that shadows node_modules/.bin/tsc.
  const tsc = inRoot('node_modules', 'typescript', 'lib', 'tsc.js')
  const project = await runInForeground(process.execPath, [tsc, '--noEmit', '-p', inRoot()])
  const setup = await runInForeground(process.execPath, [tsc, '--noEmit', '-p', inRoot('lib', 'setup')])
  return project || setup
}

/** Checks format and lint. @returns {Promise<number>} exit code */
export async function lint() {
  return await runInForeground(inRoot('node_modules', '.bin', 'biome'), ['check'])
}

/** The gate: types, format and lint beside the tests. All of them run even when one fails. @returns {Promise<number>} exit code */
export async function check() {
  // Continuous integration reads the last line, which is the count of tests.
  const [failed, tests] = await Promise.all([typesAndLint(), runTests([])])
  if (failed.length > 0) process.stderr.write(`check: failed: ${failed.join(', ')}\n`)
  return failed.length === 0 && tests === 0 ? 0 : 1
}

/** Checks types, format and lint, and returns the names of those that fail. */
async function typesAndLint() {
  const [types, format] = await Promise.all([typecheck(), lint()])
  const failed = [...(types ? ['types'] : []), ...(format ? ['format and lint'] : [])]
  process.stdout.write(failed.length === 0 ? 'types, format and lint: all is well\n' : '')
  return failed
}
