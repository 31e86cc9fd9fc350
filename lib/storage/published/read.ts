import path from 'node:path'
import type { Dataset, DatasetManifest, Identifiers, Split, TestTask } from '../../data/dataset.js'
import { datasetHash } from '../../data/hash.js'
import { makeDataset } from '../../data/make-dataset.js'
import { UserError } from '../../errors.js'
import { fileOperations as fs } from '../../files/operations.js'
import { findTask, recognise } from '../../tasks/registry.js'
import { COMMON } from './fields.js'
import { faults, shown } from './json.js'
import { type PublishedNames, readIdentifiers } from './names.js'
import { emptySplit, type PublishedSplit, readSplit, type StoredSplit } from './split.js'
import { readTestPuzzles } from './test-puzzles.js'

/**
 * Storage format of a published folder, kept in the manifest (as option `published`) so that an export reproduces it.
 */
export interface PublishedOptions {
  readonly train?: StoredSplit | undefined
  readonly test?: StoredSplit | undefined
  readonly identifiers: PublishedNames['form']
  /** Whether `test_puzzles.json` exists. */
  readonly testPuzzles: boolean
}

/** File name of ARC's test tasks in a published folder. */
export const TEST_PUZZLES = 'test_puzzles.json'

/** Returns whether a folder has the layout of the published builders: `train/dataset.json` or `test/dataset.json`. */
export function isPublished(dir: string): boolean {
  return SPLITS.some((split) => fs.existsSync(path.join(dir, split, 'dataset.json')))
}

const SPLITS = ['train', 'test'] as const

/**
 * Reads a folder of the published builders: NumPy arrays, `dataset.json`, `identifiers.json`, and ARC's
 * `test_puzzles.json`. All versions of its puzzles are stored, so that nothing is augmented. One split may be missing.
 * The task is the one that recognises vocabulary and length, else `tokens`.
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
  const sizes = { vocabSize: fields.vocab_size, seqLen: fields.seq_len }
  const { task, options } = recognise(sizes, answer) ?? { task: 'tokens', options: {} }
  const testsFile = path.join(dir, TEST_PUZZLES)
  const tests = fs.existsSync(testsFile) ? readTestPuzzles(testsFile) : null
  const whole = (name: Split['name']): Split => {
    const split = read[there.indexOf(name)]?.split ?? emptySplit(name, fields.seq_len)
    return { ...split, ratings: ratingsOf(task, split.labels, split.seqLen) }
  }
  const [train, test] = [whole('train'), whole('test')]
  if (tests) checkTests(testsFile, tests.tasks, test, names.identifiers)
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
        ...(tests ? [{ path: testsFile, sha256: tests.sha256 }] : []),
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
  const content = { manifest, train, test, identifiers: names.identifiers, testTasks: tests?.tasks ?? null }
  return makeDataset({ ...content, hash: datasetHash(content), augment: null })
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

/** Checks that every test puzzle is a version of a test task, with as many examples as the task has test pairs. */
function checkTests(file: string, tasks: readonly TestTask[], test: Split, identifiers: Identifiers): void {
  const fail = faults(file)
  const pairs = new Map(tasks.map((task) => [task.name, task.pairs.length]))
  for (let puzzle = 0; puzzle + 1 < test.puzzleStarts.length; puzzle++) {
    const first = test.puzzleStarts[puzzle]!
    const count = test.puzzleStarts[puzzle + 1]! - first
    const name = identifiers.name(test.puzzleIds[first]!)
    const task = name.split('|||', 1)[0]!
    const expected = pairs.get(task)
    if (expected === undefined) throw fail(`a task ${shown(task)} for puzzle ${puzzle} of test`, 'none')
    if (expected !== count)
      throw fail(`${count} test pairs, as puzzle ${puzzle} of test has`, String(expected), `${task}, test`)
  }
}

/** Returns the difficulty of each example, `[N]`, computed by its task from the label; 0 when unknown. */
function ratingsOf(task: string, labels: Uint8Array, seqLen: number): Float64Array {
  const ratings = new Float64Array(labels.length / seqLen)
  const rating = findTask(task)?.published?.rating
  if (rating)
    for (let i = 0; i < ratings.length; i++) ratings[i] = rating(labels.subarray(i * seqLen, (i + 1) * seqLen))
  return ratings
}
