import path from 'node:path'
import { type Dtype, kernels, setFast } from '../../backend/kernels.js'
import type { Dataset } from '../../data/dataset.js'
import { writeFileAtomic } from '../../files/atomic.js'
import { checkFormatVersion } from '../../files/format-version.js'
import { jsonText, readJson } from '../../files/json.js'
import { fileOperations as fs } from '../../files/operations.js'
import { openSealedJson, sealJson } from '../../files/sealed-json.js'
import type { Model } from '../../model/model.js'
import { rolloutSteps } from '../../think/rollouts.js'
import type { RolloutSettings } from '../../think/settings.js'
import { type StepMeasures, UNKNOWN } from '../../think/step-measures.js'
import type { Subset } from './subset.js'

const FORMAT_VERSION = 1
const CONTROLS_FILE = 'controls.json'

/** Most puzzles that the numerical floor is measured on. */
export const FLOOR_PUZZLES = 200

/** What the numbers of a recording are held against. */
export interface Controls {
  /** The model without rollouts; null where the recording itself is that, or it was not asked for. */
  readonly plain: PlainControl | null
  /** null where it was not measured. */
  readonly floor: NumericFloor | null
}

/** One deterministic rollout of each puzzle, from the learned initial latents. */
export interface PlainControl {
  /** Puzzles with a known answer. */
  readonly puzzles: number
  /** `[D]` number of them that are right after each supervision step. */
  readonly exact: readonly number[]
  /** `[D]` the same by each criterion of the task's judge, over all puzzles. */
  readonly criteria: Readonly<Record<string, readonly number[]>>
  /** All puzzles, those with an unknown answer included. */
  readonly judged: number
  /** Seconds of computation. */
  readonly seconds: number
}

/**
 * The numerical floor: puzzles whose first rollout, with the same noise, ends in another answer when the model is computed
 * another way. A difference of fewer puzzles than these means nothing.
 */
export interface NumericFloor {
  readonly puzzles: number
  readonly differ: number
  /** The two ways, e.g. `float32` and `bfloat16`. */
  readonly between: readonly [string, string]
}

/** The last answer of the first rollout of puzzles, by its hash. */
export class FirstAnswers {
  readonly #hashes = new Map<string, bigint>()
  readonly #puzzles: ReadonlySet<number>

  constructor(puzzles: readonly number[]) {
    this.#puzzles = new Set(puzzles)
  }

  add({ size, puzzle, version, rollout, hash }: StepMeasures): void {
    for (let row = 0; row < size; row++)
      if (rollout[row] === 0 && this.#puzzles.has(puzzle[row]!)) {
        this.#hashes.set(`${puzzle[row]} ${version[row]}`, hash[row]!)
      }
  }

  /** Returns the number of answers, and of those that another computation lacks. */
  compared(other: FirstAnswers): { readonly puzzles: number; readonly differ: number } {
    let differ = 0
    for (const [key, hash] of this.#hashes) if (other.#hashes.get(key) !== hash) differ++
    return { puzzles: this.#hashes.size, differ }
  }
}

/** What a control computes. */
export interface ControlWork {
  readonly model: Model
  readonly data: Dataset
  readonly settings: RolloutSettings
  readonly subset: Subset
  readonly versions: number | undefined
  readonly signal: AbortSignal | undefined
  /** Called with the rows of every supervision step. */
  readonly onRows: (rows: number) => void
}

/** Evaluates the model by one deterministic rollout of each puzzle. */
export async function plainControl(work: ControlWork): Promise<PlainControl> {
  const { settings } = work
  const exact = new Array<number>(settings.depth).fill(0)
  const criteria: Record<string, number[]> = {}
  let [puzzles, judged] = [0, 0]
  const began = performance.now()
  for await (const measures of steps(work, plainSettings(settings))) {
    const at = measures.step - 1
    for (const known of measures.exact) {
      if (known === 1) exact[at]!++
      if (at === 0) {
        judged++
        if (known !== UNKNOWN) puzzles++
      }
    }
    for (const [name, met] of Object.entries(measures.criteria)) {
      criteria[name] ??= new Array<number>(settings.depth).fill(0)
      criteria[name]![at]! += met.reduce((sum, each) => sum + each, 0)
    }
  }
  return { puzzles, exact, criteria, judged, seconds: (performance.now() - began) / 1000 }
}

/** Returns settings of a single deterministic rollout of the same depth. */
export function plainSettings(settings: RolloutSettings): RolloutSettings {
  return { ...settings, rollouts: 1, noise: 0, init: 'learned', relabel: false, damping: 1, leave: 'never' }
}

/** Returns whether rollouts differ from {@link plainSettings}, so that a control says something. */
export function isPlain({ rollouts, noise, init, relabel, damping, leave }: RolloutSettings): boolean {
  return rollouts === 1 && noise === 0 && init === 'learned' && !relabel && damping === 1 && leave === 'never'
}

/**
 * Computes the first rollout of puzzles another way: in bfloat16 for float32 or the reverse; on a processor without bfloat16
 * by plain operations for the fused kernels.
 *
 * @param first the answers as they were recorded
 * @returns null where there is no other way
 */
export async function numericFloor(work: ControlWork, first: FirstAnswers): Promise<NumericFloor | null> {
  const { model, settings, subset } = work
  const other = otherWay(model.dtype)
  if (other === null) return null
  const answers = new FirstAnswers(subset.puzzles)
  const wasFast = other.plain ? setFast(false) : null
  try {
    const computed = { ...work, model: model.with({ dtype: other.dtype }) }
    for await (const measures of steps(computed, { ...settings, rollouts: 1 })) answers.add(measures)
  } finally {
    if (wasFast !== null) setFast(wasFast)
  }
  return { ...first.compared(answers), between: other.between }
}

function otherWay(
  dtype: Dtype,
): { readonly dtype: Dtype; readonly plain: boolean; readonly between: [string, string] } | null {
  const fast = kernels()
  if (fast === null) return null
  if (dtype === 'bfloat16') return { dtype: 'float32', plain: false, between: ['bfloat16', 'float32'] }
  if (fast.units.bfloat16 !== null) return { dtype: 'bfloat16', plain: false, between: ['float32', 'bfloat16'] }
  return { dtype: 'float32', plain: true, between: ['fused kernels', 'plain operations'] }
}

async function* steps(work: ControlWork, settings: RolloutSettings): AsyncGenerator<StepMeasures, void> {
  const { model, data, subset, versions, signal, onRows } = work
  const choice = { split: subset.split, puzzles: subset.puzzles, versions, signal }
  for await (const measures of rolloutSteps(model, data, settings, choice)) {
    onRows(measures.size)
    yield measures
  }
}

/** Writes the controls of a recording into its folder. */
export function writeControls(dir: string, controls: Controls): void {
  const json = sealJson({ formatVersion: FORMAT_VERSION, ...controls })
  writeFileAtomic(path.join(dir, CONTROLS_FILE), jsonText(json), { makeFolder: false })
}

/** Reads the controls of a recording; without any where the file is missing. @throws UserError for a damaged file. */
export function readControls(dir: string): Controls {
  const file = path.join(dir, CONTROLS_FILE)
  if (!fs.existsSync(file)) return { plain: null, floor: null }
  const json = readJson(file)
  checkFormatVersion(json, file, 'the controls of a recording', FORMAT_VERSION)
  const { formatVersion: _, ...controls } = openSealedJson(json, file, 'Record again, or copy the folder again.')
  return controls as unknown as Controls
}
