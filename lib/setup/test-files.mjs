import { readdirSync } from 'node:fs'
import { inRoot } from './paths.mjs'

/**
 * Matches a test file that starts other processes or computes for long; it gets its own process. All others are unit
 * tests.
 */
const SLOW = '.slow.test.ts'

/** Returns every unit test, by its path from the project's folder. */
export const unitTests = () => testFiles().filter((file) => !file.endsWith(SLOW))

/** Returns every slow test, by its path from the project's folder. */
export const slowTests = () => testFiles().filter((file) => file.endsWith(SLOW))

function testFiles() {
  return readdirSync(inRoot('tests'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .sort()
    .map((name) => `tests/${name}`)
}
