import path from 'node:path'
import type { Dataset, DatasetManifest, SourceFile, Split } from '../../data/dataset.js'
import { datasetHash } from '../../data/hash.js'
import { makeDataset } from '../../data/make-dataset.js'
import { UserError } from '../../errors.js'
import { shown } from '../../files/json.js'
import { fileOperations as fs } from '../../files/operations.js'
import { hasEntry } from '../../files/regular.js'
import { allTasks, findTask, recognise } from '../../tasks/registry.js'
import { COMMON } from './fields.js'
import { faults, readPublishedJson } from './json.js'
import { type PublishedNames, readIdentifiers } from './names.js'
import { emptySplit, type PublishedSplit, readSplit, type StoredSplit } from './split.js'

/**
 * Storage format of a published folder, kept in the manifest (as option `published`) so that an export reproduces it.
 */
export interface PublishedOptions {
  readonly train?: StoredSplit | undefined
  readonly test?: StoredSplit | undefined
  readonly identifiers: PublishedNames['form']
  /** Whether there is a file of test tasks. */
  readonly testPuzzles: boolean
}

/** Returns the names of the files of test tasks that published folders may have, one for each task with such a file. */
export function testsFiles(): string[] {
  return allTasks().flatMap(({ published }) => published?.tests?.file ?? [])
}

/** Returns whether a folder has the layout of the published builders: `train/dataset.json` or `test/dataset.json`. */
export function isPublished(dir: string): boolean {
  return SPLITS.some((split) => hasEntry(path.join(dir, split, 'dataset.json')))
}

const SPLITS = ['train', 'test'] as const

/**
 * Reads a folder of the published builders: NumPy arrays, `dataset.json`, `identifiers.json`, and the task's file of test
 * tasks, if any. All versions of its puzzles are stored, so that nothing is augmented. One split may be missing. The task
 * is the one that recognises vocabulary, length and file of test tasks, else `tokens`.
 *
 * @throws UserError naming file and position of anything missing, damaged, or contradictory.
 */
export function readPublished(dir: string): Dataset {
  const there = SPLITS.filter((split) => hasSplit(dir, split))
  const read = there.map((split) => readSplit(dir, split))
  const [first, second] = read
  if (first === undefined)
    throw new UserError({ where: dir, expected: 'train/dataset.json or test/dataset.json', found: 'neither' })
  if (second) checkAlike(dir, first, second)
  const { fields } = first
  const names = readIdentifiers(
    path.join(dir, 'identifiers.json'),
    fields.num_puzzle_identifiers,
    fields.blank_identifier_id,
  )
  const { split: some } = first.split.count > 0 || !second ? first : second
  const answer = some.count > 0 ? some.labels.subarray(0, some.seqLen) : null
  const testsFile = testsFiles().find((name) => fs.existsSync(path.join(dir, name)))
  const sizes = { vocabSize: fields.vocab_size, seqLen: fields.seq_len, testsFile }
  const { task, options } = recognise(sizes, answer) ?? { task: 'tokens', options: {} }
  const whole = (name: Split['name']): Split => {
    const split = read[there.indexOf(name)]?.split ?? emptySplit(name, fields.seq_len)
    return { ...split, ratings: ratingsOf(task, split.labels, split.seqLen) }
  }
  const [train, test] = [whole('train'), whole('test')]
  const tests =
    testsFile === undefined ? null : readTests(dir, testsFile, task, { test, identifiers: names.identifiers })
  const published: PublishedOptions = {
    ...Object.fromEntries(there.map((split, i) => [split, read[i]!.stored])),
    identifiers: names.form,
    testPuzzles: tests !== null,
  }
  const manifest: DatasetManifest = {
    task,
    options: { ...options, published },
    source: {
      kind: 'files',
      files: [
        ...read.flatMap(({ files }) => files),
        { path: path.join(dir, 'identifiers.json'), sha256: names.sha256 },
        ...(tests ? [tests.source] : []),
      ],
    },
    seed: 0,
    vocabSize: fields.vocab_size,
    seqLen: fields.seq_len,
    padId: fields.pad_id,
    // Out of the token range, because every label counts.
    ignoreLabelId: fields.ignore_label_id ?? 256,
    blankId: fields.blank_identifier_id,
    puzzleIdentifiers: fields.num_puzzle_identifiers,
    counts: { train: train.count, test: test.count },
    disjoint: 'as published; nothing was left out here',
    solutions: 'as published; not checked here',
    augmentation: 'all versions are stored',
  }
  const content = { manifest, train, test, identifiers: names.identifiers, testTasks: tests?.testTasks ?? null }
  return makeDataset({ ...content, hash: datasetHash(content), augment: null, withheld: tests?.withheld ?? null })
}

/** Returns whether a split exists: its folder is not empty, in which case `dataset.json` is required. */
function hasSplit(dir: string, split: Split['name']): boolean {
  const folder = path.join(dir, split)
  if (!fs.existsSync(folder)) return false
  if (!fs.statSync(folder).isDirectory()) throw faults(folder)('a folder', 'a file')
  return fs.readdirSync(folder).length > 0
}

function checkAlike(dir: string, train: PublishedSplit, test: PublishedSplit): void {
  const fail = faults(path.join(dir, 'test', 'dataset.json'))
  for (const key of COMMON)
    if (train.fields[key] !== test.fields[key])
      throw fail(`${shown(train.fields[key])}, as train has`, shown(test.fields[key]), `key ${key}`)
}

/**
 * Reads the file of test tasks. @throws UserError when it belongs to another task than the folder, is malformed, or
 * contradicts the test split.
 */
function readTests(
  dir: string,
  name: string,
  task: string,
  folder: Pick<Dataset, 'test' | 'identifiers'>,
): Pick<Dataset, 'testTasks' | 'withheld'> & { source: SourceFile } {
  const file = path.join(dir, name)
  const tests = findTask(task)?.published?.tests
  if (tests?.file !== name)
    throw new UserError({
      where: file,
      expected: `no such file in a folder of task=${task}, as its vocabulary and length say`,
      found: 'a file of test tasks',
      todo: 'Remove it, or copy the folder again.',
    })
  const { value, sha256 } = readPublishedJson(file)
  return { ...tests.read(value, file, folder), source: { path: file, sha256 } }
}

/** Returns the difficulty of each example, `[N]`, computed by its task from the label; 0 when unknown. */
function ratingsOf(task: string, labels: Uint8Array, seqLen: number): Float64Array {
  const ratings = new Float64Array(labels.length / seqLen)
  const rating = findTask(task)?.published?.rating
  if (rating)
    for (let i = 0; i < ratings.length; i++) ratings[i] = rating(labels.subarray(i * seqLen, (i + 1) * seqLen))
  return ratings
}
