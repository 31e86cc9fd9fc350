import { readdirSync } from 'node:fs'
import { inRoot } from './paths.mjs'

/**
 * Matches a test file that starts other processes or computes for long; it gets its own process. All others are unit
 * tests.
 */
const SLOW = '.slow.test.ts'

/** Matches a slow test made of many trials, of which `npm test` tries a sample; see tests/trials.ts. */
const TRIALS = '.trials.slow.test.ts'

/** Returns every unit test, by its path from the project's folder. */
export const unitTests = () => testFiles().filter((file) => !file.endsWith(SLOW))

/** Returns every slow test, by its path from the project's folder. */
export const slowTests = () => testFiles().filter((file) => file.endsWith(SLOW))

/** Returns every test made of trials, by its path from the project's folder. */
export const trialTests = () => testFiles().filter((file) => file.endsWith(TRIALS))

/** Every file of TypeScript that tests are made of, by its path from the project's folder. */
export const testSources = () =>
  ['tests', 'bench'].flatMap((top) =>
    filesIn(top).filter((file) => /(?<!\.d)\.ts$/.test(file) && !/\/fixtures\//.test(file)),
  )

const testFiles = () => filesIn('tests').filter((file) => file.endsWith('.test.ts'))

/** @param {string} top */
const filesIn = (top) =>
  readdirSync(inRoot(top), { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => `${top}/${name}`)
