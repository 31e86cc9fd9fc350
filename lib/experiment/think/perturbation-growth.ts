import type { Dataset } from '../../data/dataset.js'
import { UserError } from '../../errors.js'
import type { FigureOptions } from '../../plot/figure.js'
import { type GrowthPoint, growthFigure } from '../../plot/inside/growth.js'
import { type CaptionedFigure, type FigureSources, withSources } from '../../plot/sources.js'
import { Random } from '../../random.js'
import {
  groupOf,
  NEVER,
  type Quartiles,
  quartiles,
  SOLVING_GROUPS,
  type SolvingGroup,
} from '../../recording/solving.js'
import {
  type Growth,
  type GrowthDirection,
  type GrowthSettings,
  growthOptions,
  growthSteps,
} from '../../think/growth.js'
import { jacobianAt, largestStretch } from '../../think/jacobian.js'
import { disposeState, normalLike } from '../../think/latents.js'
import { puzzleBatches } from '../../think/puzzle-batches.js'
import { checkedBatch, measurementOptions, type OpenedModel, type OpenedOptions, withOpened } from './opened.js'
import { dataAndOptions, type ThinkingModel } from './options.js'

/** Options of {@link perturbationGrowth}. */
export interface PerturbationOptions extends OpenedOptions {
  /** D: supervision steps. Default: four times those of training. */
  readonly depth?: number
  /** The largest k of λ_k: a perturbed copy runs for so many steps, then a new one begins. Default 4, or the depth if it is smaller. */
  readonly horizon?: number
  /** Size of a perturbation as a share of ‖s‖. Default 1e-4, as published. */
  readonly epsilon?: number
  /** Whether σ_max of the last step is computed, by ten steps of the power method; it takes as long as some 60 steps. Default false. */
  readonly stretch?: boolean
  /** Seed of the random directions. Default 0. */
  readonly seed?: number
  /** Puzzles computed at a time; it has no influence on the results. Default 100. */
  readonly batch?: number
}

/** The growth of one perturbation of one puzzle. */
export interface PerturbationRow {
  readonly puzzle: number
  readonly group: SolvingGroup
  readonly direction: GrowthDirection
  /** The supervision step whose state was perturbed; 0: the initial state. */
  readonly from: number
  readonly k: number
  /** λ_k = (1/k) log(‖δs_{t+k}‖ / ‖δs_t‖) */
  readonly lambda: number
}

/** γ_nat and σ_max of a group of puzzles near the last step, as medians with quartiles. */
export interface StretchRow {
  readonly group: SolvingGroup
  readonly puzzles: number
  /** ‖J d‖ with d the unit step just taken, by a one-sided difference of ε‖s‖; null where no copy began late enough. */
  readonly gammaNat: Quartiles | null
  /** The largest singular value of J at the last step; null unless it was asked for. */
  readonly sigmaMax: Quartiles | null
}

/** Options of {@link PerturbationGrowth.figure}. */
export interface GrowthFigureOptions extends FigureOptions {
  /** Default `random`. */
  readonly direction?: GrowthDirection
  /** Default: the horizon. */
  readonly k?: number
}

interface Measured {
  readonly rows: readonly PerturbationRow[]
  readonly groups: ReadonlyMap<number, SolvingGroup>
  readonly sigmaMax: ReadonlyMap<number, number> | null
  readonly horizon: number
  readonly depth: number
}

/** The growth of small perturbations along trajectories; see {@link perturbationGrowth}. */
export class PerturbationGrowth {
  /** A row per puzzle, perturbation and k. */
  readonly rows: readonly PerturbationRow[]
  readonly #measured: Measured
  readonly #trained: number
  readonly #sources: FigureSources

  constructor(measured: Measured, trained: number, sources: FigureSources) {
    this.rows = measured.rows
    this.#measured = measured
    this.#trained = trained
    this.#sources = sources
  }

  /**
   * Returns a figure of the median growth rate λ_k by supervision step, for EARLY, LATE and PERSISTENT puzzles.
   *
   * @throws UserError for a k beyond the horizon.
   */
  figure({ direction = 'random', k = this.#measured.horizon, ...options }: GrowthFigureOptions = {}): CaptionedFigure {
    const chosen = this.rows.filter((row) => row.direction === direction && row.k === k)
    if (chosen.length === 0)
      throw new UserError({
        where: 'growth figure',
        expected: `k of 1 to ${this.#measured.horizon}, in a direction that was measured`,
        found: `k ${k}, ${direction}`,
      })
    const steps = [...new Set(chosen.map(({ from }) => from))].sort((a, b) => a - b)
    const points = SOLVING_GROUPS.flatMap((group) =>
      steps.flatMap((from): GrowthPoint[] => {
        const found = quartiles(
          chosen.filter((row) => row.group === group && row.from === from).map(({ lambda }) => lambda),
        )
        return found === null ? [] : [{ group, from, quartiles: found }]
      }),
    )
    return withSources(
      growthFigure(points, `${direction} direction, k = ${k}`, { trained: this.#trained, ...options }),
      this.#sources,
    )
  }

  /** Returns γ_nat, and σ_max where it was asked for, near the last step, by group. */
  stretches(): StretchRow[] {
    const { rows, groups, sigmaMax } = this.#measured
    const natural = rows.filter(({ direction, k }) => direction === 'natural' && k === 1)
    const last = natural.reduce((most, { from }) => Math.max(most, from), 0)
    return SOLVING_GROUPS.flatMap((group) => {
      const members = [...groups].filter(([, own]) => own === group).map(([puzzle]) => puzzle)
      if (members.length === 0) return []
      const own = natural.filter((row) => row.group === group && row.from === last)
      return [
        {
          group,
          puzzles: members.length,
          gammaNat: quartiles(own.map(({ lambda }) => Math.exp(lambda))),
          sigmaMax: sigmaMax === null ? null : quartiles(members.map((puzzle) => sigmaMax.get(puzzle)!)),
        },
      ]
    })
  }
}

/**
 * Measures how fast small perturbations of the latents grow along the trajectories of puzzles: λ_k(v) = (1/k) log(‖δs_{t+k}‖ / ε)
 * with ε = 1e-4 ‖s‖ of perturbed copies in float32, in random and in natural directions; λ < 0 is contraction ("When recursive
 * models finish computing", 2026). γ_nat and σ_max come from {@link PerturbationGrowth.stretches}.
 *
 * @param runOrFile a run, its ID, its folder, a file of weights, or the name of shipped weights
 * @param data default: the data set of the weights
 * @example
 * const growth = await perturbationGrowth('sudoku-6x6', { depth: 16 })
 * show(growth.figure())
 * @throws UserError for weights or data that do not fit, and options out of range; Interrupted if it is stopped.
 */
export async function perturbationGrowth(
  runOrFile: ThinkingModel,
  data?: Dataset | PerturbationOptions,
  options?: PerturbationOptions,
): Promise<PerturbationGrowth>
export async function perturbationGrowth(
  runOrFile: ThinkingModel,
  dataOrOptions?: Dataset | PerturbationOptions,
  given?: PerturbationOptions,
): Promise<PerturbationGrowth> {
  const { data, options } = dataAndOptions(dataOrOptions, given)
  const asked = measurementOptions(growthOptions, options, 'growth')
  const batch = checkedBatch(options.batch ?? 100)
  return withOpened('perturbationGrowth', runOrFile, data, options, async (opened) => {
    const { trained, sources } = opened
    const depth = asked.depth ?? 4 * trained
    const horizon = asked.horizon ?? Math.min(4, depth)
    const settings = { ...asked, depth, horizon, batch, stretch: options.stretch ?? false }
    return new PerturbationGrowth(await measured(opened, settings), trained, sources)
  })
}

async function measured(
  { model, data, subset, trained, run }: OpenedModel,
  { batch, stretch, ...settings }: GrowthSettings & { readonly batch: number; readonly stretch: boolean },
): Promise<Measured> {
  const { split, puzzles } = subset
  const { depth, horizon, seed } = settings
  const rows: PerturbationRow[] = []
  const groups = new Map<number, SolvingGroup>()
  const sigmaMax = new Map<number, number>()
  const total = puzzles.length * depth
  let before = 0
  function* work(): Generator<number, void> {
    for (const part of puzzleBatches(data, split, puzzles, batch)) {
      const tau = new Int32Array(part.size).fill(NEVER)
      const own: Growth[] = []
      for (const { step, exact, growths, now } of growthSteps(model, part, settings)) {
        for (let row = 0; row < part.size; row++) if (tau[row] === NEVER && exact[row]) tau[row] = step
        own.push(...growths)
        if (stretch && step === depth) {
          const start = normalLike(
            now.state,
            Array.from(part.rows, (puzzle) => Random.of(seed, 'stretch', puzzle)),
          )
          for (const [row, sigma] of largestStretch(jacobianAt(model, now.x, now.state), start).entries())
            sigmaMax.set(part.rows[row]!, sigma)
          disposeState(start)
        }
        yield before + part.size * step
      }
      before += part.size * depth
      for (let row = 0; row < part.size; row++) {
        const [puzzle, group] = [part.rows[row]!, groupOf(tau[row]!, trained)]
        groups.set(puzzle, group)
        for (const { from, direction, k, lambda } of own)
          rows.push({ puzzle, group, direction, from, k, lambda: lambda[row]! })
      }
    }
  }
  await run(work(), { label: 'growth', unit: 'supervision steps', total, at: (done) => done })
  return { rows, groups, sigmaMax: stretch ? sigmaMax : null, horizon, depth }
}
