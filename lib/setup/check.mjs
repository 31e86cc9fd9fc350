import { runInForeground } from './child.mjs'
import { inRoot } from './paths.mjs'
import { runTests } from './test.mjs'

/** The gate: types, format and lint, tests. All three run even when the first fails. @returns {Promise<number>} exit code */
export async function check() {
  // By path: another package brings an old tsc that shadows node_modules/.bin/tsc.
  const tsc = inRoot('node_modules', 'typescript', 'lib', 'tsc.js')
  const types = await runInForeground(process.execPath, [tsc, '--noEmit', '-p', inRoot()])
  const setup = await runInForeground(process.execPath, [tsc, '--noEmit', '-p', inRoot('lib', 'setup')])
  const biome = await runInForeground(inRoot('node_modules', '.bin', 'biome'), ['check'])
  const tests = await runTests([])
  const failed = Object.entries({ types, 'types of set-up': setup, 'format and lint': biome, tests }).filter(
    ([, code]) => code,
  )
  process.stdout.write(
    failed.length === 0 ? 'check: all is well\n' : `check: failed: ${failed.map(([name]) => name).join(', ')}\n`,
  )
  return failed.length === 0 ? 0 : 1
}
