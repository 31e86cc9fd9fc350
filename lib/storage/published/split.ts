import path from 'node:path'
import type { SourceFile, Split } from '../../data/dataset.js'
import { type ReadArray, readList, readStarts, readTokens, type StoredArray } from './arrays.js'
import { type PublishedFields, readFields } from './fields.js'
import { faults } from './json.js'

/** Arrays of a split, by file name suffix. */
export const ARRAYS = ['inputs', 'labels', 'puzzle_identifiers', 'puzzle_indices', 'group_indices'] as const

/** Storage format of a split. */
export interface StoredSplit {
  /** `dataset.json` as stored. */
  readonly json: object
  /** Name of its set. */
  readonly set: string
  readonly arrays: Readonly<Record<(typeof ARRAYS)[number], StoredArray>>
}

/** A split of a published folder, whose ratings {@link readPublished} fills in. */
export interface PublishedSplit {
  readonly fields: PublishedFields
  readonly split: Omit<Split, 'ratings'>
  readonly stored: StoredSplit
  readonly files: readonly SourceFile[]
}

/**
 * Reads `DIR/{train,test}`.
 *
 * @throws UserError naming file and field or index of anything missing, damaged, or contradictory.
 */
export function readSplit(dir: string, name: Split['name']): PublishedSplit {
  const folder = path.join(dir, name)
  const about = path.join(folder, 'dataset.json')
  const { fields, json, sha256 } = readFields(about)
  const { seq_len: seqLen, vocab_size: vocabulary, num_puzzle_identifiers: ids } = fields
  const fileOf = (array: (typeof ARRAYS)[number]): string => path.join(folder, `${fields.sets[0]}__${array}.npy`)

  const inputs = readTokens(fileOf('inputs'), seqLen, vocabulary)
  const labels = readTokens(fileOf('labels'), seqLen, vocabulary)
  const count = inputs.values.length / seqLen
  if (labels.values.length !== inputs.values.length)
    throw faults(fileOf('labels'))(`${count} examples, as many as inputs`, String(labels.values.length / seqLen))
  const puzzleIds = readList(fileOf('puzzle_identifiers'), ids, `an identifier 0…${ids - 1}`)
  const puzzleStarts = readStarts(fileOf('puzzle_indices'), 'examples', count)
  const puzzles = puzzleStarts.values.length - 1
  if (puzzleIds.values.length !== puzzles)
    throw faults(fileOf('puzzle_identifiers'))(
      `${puzzles} identifiers, one for each puzzle of puzzle_indices`,
      String(puzzleIds.values.length),
    )
  const groupStarts = readStarts(fileOf('group_indices'), 'puzzles', puzzles)
  checkCounts(about, fields, { examples: count, puzzles, groups: groupStarts.values.length - 1 })

  const arrays = {
    inputs,
    labels,
    puzzle_identifiers: puzzleIds,
    puzzle_indices: puzzleStarts,
    group_indices: groupStarts,
  } satisfies Record<(typeof ARRAYS)[number], ReadArray<unknown>>
  return {
    fields,
    split: {
      name,
      count,
      seqLen,
      inputs: inputs.values,
      labels: labels.values,
      puzzleIds: perExample(puzzleIds.values, puzzleStarts.values),
      puzzleStarts: puzzleStarts.values,
      groupStarts: groupStarts.values,
    },
    stored: {
      json,
      set: fields.sets[0]!,
      arrays: {
        inputs: inputs.stored,
        labels: labels.stored,
        puzzle_identifiers: puzzleIds.stored,
        puzzle_indices: puzzleStarts.stored,
        group_indices: groupStarts.stored,
      },
    },
    files: [{ path: about, sha256 }, ...ARRAYS.map((array) => ({ path: fileOf(array), sha256: arrays[array].sha256 }))],
  }
}

/** Returns an empty split, in place of a missing one. */
export function emptySplit(name: Split['name'], seqLen: number): PublishedSplit['split'] {
  const starts = Int32Array.of(0)
  const [inputs, labels] = [new Uint8Array(), new Uint8Array()]
  return {
    name,
    count: 0,
    seqLen,
    inputs,
    labels,
    puzzleIds: new Int32Array(),
    puzzleStarts: starts,
    groupStarts: starts,
  }
}

/** Expands the identifiers of puzzles to their examples. */
function perExample(puzzleIds: Int32Array, puzzleStarts: Int32Array): Int32Array {
  const ids = new Int32Array(puzzleStarts.at(-1) ?? 0)
  for (let puzzle = 0; puzzle < puzzleIds.length; puzzle++)
    ids.fill(puzzleIds[puzzle]!, puzzleStarts[puzzle], puzzleStarts[puzzle + 1])
  return ids
}

function checkCounts(
  about: string,
  fields: PublishedFields,
  { examples, puzzles, groups }: { examples: number; puzzles: number; groups: number },
): void {
  const fail = faults(about)
  const { total_groups, total_puzzles, mean_puzzle_examples: mean } = fields
  if (total_groups !== groups) throw fail(`${groups}, as group_indices has`, String(total_groups), 'key total_groups')
  if (total_puzzles !== undefined && total_puzzles !== puzzles && total_puzzles !== groups)
    throw fail(
      puzzles === groups ? `${puzzles} puzzles, as puzzle_indices has` : `${puzzles} puzzles or ${groups} groups`,
      String(total_puzzles),
      'key total_puzzles',
    )
  if (puzzles > 0 && Math.abs(mean - examples / puzzles) > 1e-6 * Math.max(mean, 1))
    throw fail(`${examples / puzzles}, as puzzle_indices has`, String(mean), 'key mean_puzzle_examples')
}
