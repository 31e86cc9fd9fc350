import assert from 'node:assert/strict'
import path from 'node:path'
import { UserError } from '../../lib/errors.js'
import { sha256 } from '../../lib/files/atomic.js'
import type { DamageCase } from './damage.js'

/** The value that a reader returned, or its error. */
export type Answer = { readonly value: string; readonly notes: readonly string[] } | { readonly error: unknown }

/** Readers of what a folder holds, by what they read. */
export type Readers = Readonly<Record<string, () => unknown>>

/** Milliseconds in which every reader must have answered. */
const MOST_MS = 5000
/** Memory in kB that reading may take beyond that of reading undamaged files. */
const MOST_KB = 400_000

/** Returns any value as text; numbers in typed arrays and big integers keep every bit. */
export function textOf(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) => {
    if (typeof item === 'bigint') return `${item}n`
    if (typeof item === 'number' && !Number.isFinite(item)) return String(item)
    if (item instanceof Map) return [...item]
    if (!ArrayBuffer.isView(item)) return item
    return sha256(new Uint8Array(item.buffer, item.byteOffset, item.byteLength))
  })
}

async function answerOf(read: () => unknown): Promise<Answer> {
  try {
    const value = await read()
    const notes = (value as { notes?: readonly string[] } | null)?.notes ?? []
    return { value: textOf(value), notes }
  } catch (error) {
    return { error }
  }
}

/** Checks what readers say of damaged files against what they say of undamaged ones. */
export class Expected {
  readonly #readers: Readers
  readonly #right = new Map<string, string>()
  #memory = 0

  private constructor(readers: Readers) {
    this.#readers = readers
  }

  /** Reads the undamaged files. */
  static async of(readers: Readers): Promise<Expected> {
    const expected = new Expected(readers)
    for (const [name, read] of Object.entries(readers)) {
      const answer = await answerOf(read)
      if ('error' in answer) throw answer.error
      expected.#right.set(name, answer.value)
    }
    expected.#memory = process.resourceUsage().maxRSS
    return expected
  }

  /**
   * Checks that every reader gives the right value, or one error that names the damaged file, in time and in bounded memory.
   *
   * @param also accepts a value that is not the right one, by its notes
   */
  async check(
    dir: string,
    { file, damage }: DamageCase,
    also: (name: string, value: string, notes: readonly string[]) => boolean = () => false,
  ): Promise<void> {
    // Of two files that disagree, either may be named.
    const named = damage === 'of another' || damage === 'older' ? path.basename(dir) : path.basename(file)
    for (const [name, read] of Object.entries(this.#readers)) {
      const began = performance.now()
      const answer = await answerOf(read)
      const spent = performance.now() - began
      const what = `${name} of ${file}: ${damage}`
      assert.ok(spent < MOST_MS, `${what}: ${Math.round(spent)} ms`)
      if ('error' in answer) assertTold(answer.error, named, what)
      else if (!also(name, answer.value, answer.notes)) assertSame(answer.value, this.#right.get(name)!, what)
    }
    const more = process.resourceUsage().maxRSS - this.#memory
    assert.ok(more < MOST_KB, `${file}: ${damage}: ${more} kB of memory`)
  }
}

/** Checks that two texts are equal, and shows the place where they differ. */
function assertSame(found: string, right: string, what: string): void {
  if (found === right) return
  let at = 0
  while (found[at] === right[at]) at++
  const near = (text: string): string => text.slice(Math.max(0, at - 40), at + 40)
  assert.fail(`${what}: ${near(found)} in place of ${near(right)}`)
}

/** Checks that an error is the user's, on one line, and names a file. */
export function assertTold(error: unknown, named: string, what: string): void {
  assert.ok(error instanceof UserError, `${what}: ${error instanceof Error ? error.stack : String(error)}`)
  assert.ok(error.message.includes(named), `${what}: ${error.message}`)
  assert.ok(!error.message.includes('\n'), `${what}: ${error.message}`)
}
