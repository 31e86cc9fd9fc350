import path from 'node:path'
import { type Dtype, kernels, setFast } from '../../backend/kernels.js'
import type { Dataset } from '../../data/dataset.js'
import { UserError } from '../../errors.js'
import { hasEntry } from '../../files/regular.js'
import { readSealedJson, type SealedFormat, writeSealedJson } from '../../files/sealed-json.js'
import type { Model } from '../../model/model.js'
import { type RecordingFacts, recordingIdentity } from '../../recording/facts.js'
import { rounded } from '../../statistics/rounding.js'
import { rolloutSteps } from '../../think/rollouts.js'
import type { RolloutChoice } from '../../think/rows.js'
import type { RolloutSettings } from '../../think/settings.js'
import type { StepMeasures } from '../../think/step-measures.js'

const FORMAT: SealedFormat = {
  what: 'the numerical floor of a recording',
  version: 2,
  todo: 'Record again, or copy the folder again.',
}
/** Name of the file of the floor in a recording's folder. */
export const FLOOR_FILE = 'floor.json'

/** Most puzzles that the numerical floor is measured on. */
export const FLOOR_PUZZLES = 200

/**
 * The numerical floor: puzzles whose first rollout, with the same noise, ends in another answer when the model is computed
 * another way; of a puzzle with several versions, that of any. A difference of so few puzzles between two numbers means nothing.
 */
export interface NumericFloor {
  readonly puzzles: number
  readonly differ: number
  /** The two ways, e.g. `float32` and `bfloat16`. */
  readonly between: readonly [string, string]
}

/** Returns the floor in words: `3 of 200 puzzles (1.5 %) end in another answer in bfloat16 than in float32`. */
export function floorText({ puzzles, differ, between }: NumericFloor): string {
  const share = rounded((100 * differ) / Math.max(1, puzzles)).value
  const ends = differ === 1 ? 'ends' : 'end'
  return `${differ} of ${puzzles} puzzles (${share} %) ${ends} in another answer in ${between[1]} than in ${between[0]}`
}

/** The last answers of the first rollouts of puzzles, by their hashes. */
export class FirstAnswers {
  readonly #hashes = new Map<string, bigint>()
  readonly #puzzles: ReadonlySet<number>

  constructor(puzzles: readonly number[]) {
    this.#puzzles = new Set(puzzles)
  }

  add({ size, puzzle, version, rollout, hash }: StepMeasures): void {
    for (let row = 0; row < size; row++)
      if (rollout[row] === 0 && this.#puzzles.has(puzzle[row]!))
        this.#hashes.set(`${puzzle[row]} ${version[row]}`, hash[row]!)
  }

  /** Returns the number of puzzles, and of those that another computation answers otherwise in any version. */
  compared(other: FirstAnswers): Pick<NumericFloor, 'puzzles' | 'differ'> {
    const [puzzles, differ] = [new Set<string>(), new Set<string>()]
    for (const [key, hash] of this.#hashes) {
      const [puzzle] = key.split(' ') as [string]
      puzzles.add(puzzle)
      if (other.#hashes.get(key) !== hash) differ.add(puzzle)
    }
    return { puzzles: puzzles.size, differ: differ.size }
  }
}

/**
 * Computes the first rollouts of puzzles another way: in bfloat16 for float32 or the reverse; on a processor without bfloat16
 * by plain operations in place of the fused kernels.
 *
 * @param first the answers as they were recorded
 * @param onRows called with the number of rows of every supervision step
 * @returns null where there is no other way
 */
export async function numericFloor(
  model: Model,
  data: Dataset,
  settings: RolloutSettings,
  choice: RolloutChoice & { readonly puzzles: readonly number[] },
  first: FirstAnswers,
  onRows: (rows: number) => void,
): Promise<NumericFloor | null> {
  const other = otherWay(model.dtype)
  if (other === null) return null
  const answers = new FirstAnswers(choice.puzzles)
  const wasFast = other.isPlain ? setFast(false) : null
  try {
    const single = { ...settings, rollouts: 1 }
    for await (const measures of rolloutSteps(model.with({ dtype: other.dtype }), data, single, choice)) {
      answers.add(measures)
      onRows(measures.size)
    }
  } finally {
    if (wasFast !== null) setFast(wasFast)
  }
  return { ...first.compared(answers), between: other.between }
}

interface OtherWay {
  readonly dtype: Dtype
  /** Whether plain operations take the place of the fused kernels. */
  readonly isPlain: boolean
  readonly between: readonly [string, string]
}

function otherWay(dtype: Dtype): OtherWay | null {
  const fast = kernels()
  if (fast === null) return null
  if (dtype === 'bfloat16') return { dtype: 'float32', isPlain: false, between: ['bfloat16', 'float32'] }
  if (fast.units.bfloat16 !== null) return { dtype: 'bfloat16', isPlain: false, between: ['float32', 'bfloat16'] }
  return { dtype: 'float32', isPlain: true, between: ['fused kernels', 'plain operations'] }
}

/** Writes the floor of a recording into its folder. */
export function writeFloor(dir: string, floor: NumericFloor, facts: RecordingFacts): void {
  const content = { recording: recordingIdentity(facts), ...floor }
  writeSealedJson(path.join(dir, FLOOR_FILE), FORMAT, content, { makeFolder: false })
}

/**
 * Reads the floor of a recording; null where it was not measured.
 *
 * @throws UserError for a damaged file, and for that of another recording.
 */
export function readFloor(dir: string, facts: RecordingFacts): NumericFloor | null {
  const file = path.join(dir, FLOOR_FILE)
  if (!hasEntry(file)) return null
  const { recording, ...floor } = readSealedJson(file, FORMAT)
  if (recording === recordingIdentity(facts)) return floor as unknown as NumericFloor
  throw new UserError({ where: file, expected: FORMAT.what, found: 'that of another one', todo: FORMAT.todo })
}
