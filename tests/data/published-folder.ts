import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { NpyDtype } from '../../lib/interop/formats/npy-header.js'
import { NPY_ARRAYS } from '../../lib/interop/formats/npy-header.js'
import { type NpyArray, npyPieces } from '../files/npy-arrays.js'

/** A folder of the published layout before it is written: JSON by file name, arrays by file name. */
export interface Folder {
  json: Record<string, unknown>
  arrays: Record<string, NpyArray>
}

/** Numbers as an array of any element type. */
export function array(dtype: NpyDtype, shape: readonly number[], numbers: readonly number[]): NpyArray {
  const data = new NPY_ARRAYS[dtype](numbers.length)
  numbers.forEach((value, i) => {
    data[i] = data instanceof BigInt64Array || data instanceof BigUint64Array ? BigInt(value) : value
  })
  return { dtype, shape, data }
}

/** Writes a folder; values that are texts are written as they are. */
export function writeFolder(dir: string, { json, arrays }: Folder): string {
  for (const [name, value] of Object.entries(json)) {
    mkdirSync(path.dirname(path.join(dir, name)), { recursive: true })
    writeFileSync(path.join(dir, name), typeof value === 'string' ? value : JSON.stringify(value))
  }
  for (const [name, values] of Object.entries(arrays)) {
    mkdirSync(path.dirname(path.join(dir, name)), { recursive: true })
    writeFileSync(path.join(dir, name), Buffer.concat(npyPieces(values)))
  }
  return dir
}

/**
 * A small folder: 3 examples of 4 tokens (vocabulary 7) in train, as puzzles of 2 and 1 in one group each, and one in test.
 */
export function smallFolder(): Folder {
  const about = {
    pad_id: 0,
    ignore_label_id: 0,
    blank_identifier_id: 0,
    vocab_size: 7,
    seq_len: 4,
    num_puzzle_identifiers: 3,
    sets: ['all'],
  }
  return {
    json: {
      'train/dataset.json': { ...about, total_groups: 2, total_puzzles: 2, mean_puzzle_examples: 1.5 },
      'test/dataset.json': { ...about, total_groups: 1, mean_puzzle_examples: 1 },
      'identifiers.json': ['<blank>', 'one', 'two'],
    },
    arrays: {
      'train/all__inputs.npy': array('|u1', [3, 4], [1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6]),
      'train/all__labels.npy': array('<i8', [3, 4], [2, 3, 4, 5, 6, 0, 2, 3, 4, 5, 6, 0]),
      'train/all__puzzle_identifiers.npy': array('<i4', [2], [1, 2]),
      'train/all__puzzle_indices.npy': array('<i4', [3], [0, 2, 3]),
      'train/all__group_indices.npy': array('<i4', [3], [0, 1, 2]),
      'test/all__inputs.npy': array('|u1', [1, 4], [1, 1, 1, 1]),
      'test/all__labels.npy': array('|u1', [1, 4], [2, 2, 2, 2]),
      'test/all__puzzle_identifiers.npy': array('<i4', [1], [2]),
      'test/all__puzzle_indices.npy': array('<i4', [2], [0, 1]),
      'test/all__group_indices.npy': array('<i4', [2], [0, 1]),
    },
  }
}

/** A folder that ARC's builder could have written: one task in two versions, 900 cells, one example each. */
export function arcFolder(): Folder {
  const folder = smallFolder()
  for (const split of ['train', 'test']) {
    const about = { ...(folder.json[`${split}/dataset.json`] as object), vocab_size: 12, seq_len: 900 }
    folder.json[`${split}/dataset.json`] = { ...about, total_groups: 1, total_puzzles: 2, mean_puzzle_examples: 1 }
    const board = Array.from({ length: 1800 }, (_, i) => (i % 900 === 0 ? 5 : 0))
    folder.arrays[`${split}/all__inputs.npy`] = array('|u1', [2, 900], board)
    folder.arrays[`${split}/all__labels.npy`] = array('|u1', [2, 900], board)
    folder.arrays[`${split}/all__puzzle_identifiers.npy`] = array('<i4', [2], [1, 2])
    folder.arrays[`${split}/all__puzzle_indices.npy`] = array('<i4', [3], [0, 1, 2])
    folder.arrays[`${split}/all__group_indices.npy`] = array('<i4', [2], [0, 2])
  }
  folder.json['identifiers.json'] = ['<blank>', 'task', 'task|||t3|||0213456789']
  folder.json['test_puzzles.json'] = {
    task: { train: [{ input: [[3]], output: [[3]] }], test: [{ input: [[3]], output: [[3]] }] },
  }
  return folder
}
