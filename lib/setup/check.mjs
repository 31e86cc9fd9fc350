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

/** The gate: types, format and lint, tests. All of them run even when the first fails. @returns {Promise<number>} exit code */
export async function check() {
  const results = { types: await typecheck(), 'format and lint': await lint() }
  const failed = Object.entries(results).filter(([, code]) => code)
  process.stdout.write(failed.length === 0 ? 'types, format and lint: OK\n' : '')
  // Continuous integration reads the last line, which is the count of tests.
  const tests = await runTests([])
  if (failed.length > 0) process.stderr.write(`check: failed: ${failed.map(([name]) => name).join(', ')}\n`)
  return failed.length === 0 && tests === 0 ? 0 : 1
}
