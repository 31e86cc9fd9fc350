import type { RecordBatch } from 'apache-arrow'
import { UNKNOWN } from '../think/step-measures.js'
import { halfValues } from './half.js'

/** The columns of a batch of a recording, as arrays with a value per row. */
export interface StepArrays {
  readonly puzzle: Int32Array
  readonly version: Int32Array
  readonly rollout: Uint16Array
  readonly step: Uint16Array
  readonly hash: BigUint64Array
  /** 1 right, 0 wrong, {@link UNKNOWN}. */
  readonly exact: Uint8Array
  readonly rightCells: Uint16Array
  readonly scoredCells: Uint16Array | null
  /** 1 where the answer meets the criterion. */
  readonly criteria: Readonly<Record<string, Uint8Array>>
  readonly qHalt: Float32Array
  /** null where the logit of continuing was not trained. */
  readonly qContinue: Float32Array | null
  readonly deltaLogits: Float32Array
  readonly margin: Float32Array
  readonly logWeight: Float32Array | null
}

/** One version of a puzzle in a recording: its rollouts with their steps. */
export interface Unit {
  readonly puzzle: number
  readonly version: number
  readonly arrays: StepArrays
  /** First row of each rollout. */
  readonly starts: Int32Array
  /** Steps of each rollout; fewer than the depth when it left early. */
  readonly steps: Int32Array
}

/** Returns the row of a rollout at a depth; a rollout that left early stays at its last row. */
export function rowAt(unit: Unit, rollout: number, depth: number): number {
  return unit.starts[rollout]! + Math.min(depth, unit.steps[rollout]!) - 1
}

/** Returns the units of a batch in order. */
export function* unitsOf(batch: RecordBatch, criteria: readonly string[], rollouts: number): Generator<Unit> {
  const arrays = stepArrays(batch, criteria)
  const { puzzle, version, rollout, step } = arrays
  const size = batch.numRows
  for (let row = 0; row < size; ) {
    const [unitPuzzle, unitVersion] = [puzzle[row]!, version[row]!]
    const [starts, steps] = [new Int32Array(rollouts), new Int32Array(rollouts)]
    for (; row < size && puzzle[row] === unitPuzzle && version[row] === unitVersion; row++) {
      const at = rollout[row]!
      if (step[row] === 1) starts[at] = row
      steps[at]!++
    }
    yield { puzzle: unitPuzzle, version: unitVersion, arrays, starts, steps }
  }
}

function stepArrays(batch: RecordBatch, criteria: readonly string[]): StepArrays {
  const values = <T>(name: string): T => batch.getChild(name)!.data[0]!.values as T
  const optional = <T>(name: string): T | null => (batch.getChild(name) ? values<T>(name) : null)
  return {
    puzzle: values('puzzle'),
    version: values('version'),
    rollout: values('rollout'),
    step: values('step'),
    hash: values('hash'),
    exact: flags(batch, 'exact'),
    rightCells: values('rightCells'),
    scoredCells: optional('scoredCells'),
    criteria: Object.fromEntries(criteria.map((name) => [name, flags(batch, name)])),
    qHalt: values('qHalt'),
    qContinue: optional('qContinue'),
    deltaLogits: values('deltaLogits'),
    margin: halfValues(values('margin')),
    logWeight: optional('logWeight'),
  }
}

/** Returns a column of booleans as bytes, {@link UNKNOWN} where it is null. */
function flags(batch: RecordBatch, name: string): Uint8Array {
  const { values, nullBitmap, nullCount } = batch.getChild(name)!.data[0]!
  const bits = values as Uint8Array
  const out = new Uint8Array(batch.numRows)
  for (let i = 0; i < out.length; i++) out[i] = (bits[i >> 3]! >> (i & 7)) & 1
  if (nullCount > 0) for (let i = 0; i < out.length; i++) if (!((nullBitmap[i >> 3]! >> (i & 7)) & 1)) out[i] = UNKNOWN
  return out
}
