import assert from 'node:assert/strict'
import type { TestContext, TestOptions } from 'node:test'
import { Random } from '../lib/random.js'

/** What a trial is given besides its case. */
export interface Trial {
  /** Position of the case in the list of all cases, counted from 0. */
  readonly index: number
  /** Random numbers of this case alone: equal whether one case runs or all of them. */
  readonly random: Random
}

/** The cases of a test by trials, and how many of them a usual test run tries. */
export interface Cases<T> {
  /** Every case; a function is called in the test itself, where it may do work first. */
  readonly cases: readonly T[] | (() => readonly T[] | Promise<readonly T[]>)
  /** Number of cases, evenly spread, that `npm test` tries; `npm run test:long` tries all. */
  readonly sample: number
  /** Trials that run at the same time. Default: 1 */
  readonly atOnce?: number
  /** Reason to skip the test; false runs it. */
  readonly skip?: string | false
}

/** Failing trials that are described one by one. */
const SHOWN = 5

/**
 * Returns the arguments of a test that tries many cases and counts those that hold: `test(...trials(…))`. A failing case does not end the others; the test
 * fails when any case fails, and names it. The reporter collects the counts into one table.
 *
 * RECURLAB_TRIALS chooses the cases: `all`, their indices (`17,18`), or, when unset, an evenly spread sample.
 *
 * @param name a sentence that says what holds
 * @param attempt throws when the case does not hold
 */
export function trials<T>(
  name: string,
  { cases, sample, atOnce = 1, skip = false }: Cases<T>,
  attempt: (value: T, trial: Trial) => void | Promise<void>,
): [name: string, options: TestOptions, run: (context: TestContext) => Promise<void>] {
  const run = async (context: TestContext): Promise<void> => {
    const all = typeof cases === 'function' ? await cases() : cases
    const chosen = chosenIndices(all.length, sample, process.env.RECURLAB_TRIALS)
    assert.ok(chosen.length > 0, `${name}: there is no case`)
    const failures: { readonly index: number; readonly error: unknown }[] = []
    const queue = [...chosen]
    const work = async (): Promise<void> => {
      for (let index = queue.shift(); index !== undefined; index = queue.shift())
        try {
          await attempt(all[index] as T, { index, random: Random.of(0, name, index) })
        } catch (error) {
          failures.push({ index, error })
        }
    }
    await Promise.all(Array.from({ length: atOnce }, work))
    const tried = chosen.length
    context.diagnostic(`trials ${JSON.stringify({ name, cases: all.length, tried, held: tried - failures.length })}`)
    if (failures.length > 0) throw failed(name, tried, failures)
  }
  return [name, { skip }, run]
}

function chosenIndices(length: number, sample: number, choice: string | undefined): number[] {
  const every = Array.from({ length }, (_, index) => index)
  if (choice === 'all') return every
  if (choice !== undefined && /^\d+(,\d+)*$/.test(choice))
    return choice
      .split(',')
      .map(Number)
      .filter((index) => index < length)
  if (sample >= length) return every
  return Array.from({ length: sample }, (_, i) => Math.floor(((i + 0.5) * length) / sample))
}

function failed(name: string, tried: number, failures: readonly { index: number; error: unknown }[]): Error {
  const shown = failures.slice(0, SHOWN).map(({ index, error }) => {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    return `case ${index}:\n${text.replace(/^/gm, '  ')}`
  })
  const rest = failures.length > SHOWN ? [`… and ${failures.length - SHOWN} more`] : []
  const indices = failures.map(({ index }) => index).slice(0, 20)
  const again = `RECURLAB_TRIALS=${indices.join(',')} tries ${indices.length === 1 ? 'it' : 'them'} again.`
  return new Error([`${failures.length} of ${tried} trials failed: ${name}`, ...shown, ...rest, again].join('\n'), {
    cause: failures[0]?.error,
  })
}
