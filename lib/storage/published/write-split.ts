import path from 'node:path'
import type { Dataset } from '../../data/dataset.js'
import { makeFolder } from '../../files/atomic.js'
import { writeJson } from '../../files/json.js'
import { createNpy, type NpyWriter } from '../../interop/formats/npy-writer.js'
import type { PlannedSplit } from './plan.js'
import type { ARRAYS } from './split.js'

/** Number of examples per chunk. */
const ROWS = 1024

/**
 * Writes `DIR/{train,test}`, a thousand examples at a time: every puzzle in all its versions, itself first.
 *
 * @param step called after each chunk with the number of examples written; may wait, or throw to stop
 */
export async function writeSplit(
  dir: string,
  dataset: Dataset,
  planned: PlannedSplit,
  step: (examples: number) => Promise<void>,
): Promise<void> {
  const folder = path.join(dir, planned.split.name)
  makeFolder(folder)
  writeJson(path.join(folder, 'dataset.json'), planned.json)
  const create = (name: (typeof ARRAYS)[number]): NpyWriter => {
    const { head, ...header } = planned.arrays[name]
    return createNpy(path.join(folder, `${planned.set}__${name}.npy`), header, head)
  }
  const writeList = (name: (typeof ARRAYS)[number], numbers: Int32Array): void =>
    withWriter(create(name), (writer) => writer.write(numbers))
  writeList('puzzle_indices', planned.puzzleStarts)
  writeList('group_indices', planned.groupStarts)
  const ids = new Int32Array(planned.puzzleStarts.length - 1)
  const writers = [create('inputs')]
  try {
    writers.push(create('labels'))
    await writeExamples(dataset, planned, writers[0]!, writers[1]!, ids, step)
    for (const writer of writers) writer.end()
  } catch (error) {
    for (const writer of writers) writer.abandon()
    throw error
  }
  writeList('puzzle_identifiers', ids)
}

async function writeExamples(
  { augment, manifest }: Dataset,
  { split, versions }: PlannedSplit,
  toInputs: NpyWriter,
  toLabels: NpyWriter,
  ids: Int32Array,
  step: (examples: number) => Promise<void>,
): Promise<void> {
  const { seqLen } = split
  const inputs = new Uint8Array(ROWS * seqLen)
  const labels = new Uint8Array(ROWS * seqLen)
  let filled = 0
  let puzzles = 0
  const flush = async (): Promise<void> => {
    toInputs.write(inputs.subarray(0, filled * seqLen))
    toLabels.write(labels.subarray(0, filled * seqLen))
    await step(filled)
    filled = 0
  }
  for (let puzzle = 0; puzzle + 1 < split.puzzleStarts.length; puzzle++) {
    const [first, end] = [split.puzzleStarts[puzzle]!, split.puzzleStarts[puzzle + 1]!]
    for (let version = 0; version < versions(puzzle); version++) {
      ids[puzzles++] = augment ? augment.puzzleId(split, first, version) : split.puzzleIds[first]!
      for (let example = first; example < end; example++) {
        const offset = filled * seqLen
        if (augment) augment.write(split, example, version, manifest.seed, inputs, labels, offset)
        else {
          inputs.set(split.inputs.subarray(example * seqLen, (example + 1) * seqLen), offset)
          labels.set(split.labels.subarray(example * seqLen, (example + 1) * seqLen), offset)
        }
        if (++filled === ROWS) await flush()
      }
    }
  }
  if (filled > 0) await flush()
}

function withWriter(writer: NpyWriter, work: (writer: NpyWriter) => void): void {
  try {
    work(writer)
  } catch (error) {
    writer.abandon()
    throw error
  }
  writer.end()
}
