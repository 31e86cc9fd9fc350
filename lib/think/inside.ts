import * as tf from '@tensorflow/tfjs-core'
import type { Batch } from '../data/dataset.js'
import { UserError } from '../errors.js'
import { endEvaluation } from '../evaluate/states.js'
import { readHeads } from '../evaluate/steps.js'
import type { Model } from '../model/model.js'
import { recursionOf, type State } from '../model/recursion.js'
import { latentNames, type ModelShape, totalTokens } from '../model/shape.js'
import { tidy } from '../model/tidy.js'
import { type Program, programOf } from '../recursion/program.js'
import { updateTexts } from '../recursion/pseudocode.js'
import { coordinates, type PrincipalComponents, principalComponents } from '../statistics/principal.js'
import { type Run, runRollouts } from './inside-runs.js'
import { begin, type InsideSettings, pause, refined, replaced, rowsOf, streamsOf, withNoise } from './inside-state.js'
import { noisyLatents } from './noisy-latents.js'
import { type TokenMap, tokenMaps } from './token-maps.js'

/** A point of the plane of the first two principal components. */
export type PlanePoint = readonly [number, number]

/** The watched rollout after one update of the recursion. */
export interface InsideUpdate {
  /** Supervision step, counted from 1. */
  readonly step: number
  /** Update of the supervision step, counted from 1. */
  readonly update: number
  /** The update as pseudocode. */
  readonly text: string
  /** The latents that it changes. */
  readonly changed: readonly string[]
  /** `[seqLen]` tokens that the output head reads in each changed latent. */
  readonly tokens: Readonly<Record<string, Uint8Array>>
  /** ‖new − old‖ / ‖old‖ of each changed latent. */
  readonly delta: Readonly<Record<string, number>>
  /** Logit of halting, read from the answer. */
  readonly qHalt: number
  readonly point: PlanePoint
}

/** The watched rollout after one supervision step. */
export interface InsideStep {
  /** Counted from 1. */
  readonly step: number
  /** `[seqLen]` tokens of the answer. */
  readonly tokens: Uint8Array
  readonly qHalt: number
  readonly qContinue: number
  /** ‖new − old‖ / ‖old‖ of each latent over the supervision step, the old one before noise. */
  readonly delta: Readonly<Record<string, number>>
  readonly updates: readonly InsideUpdate[]
  /** By latent: maps of the step's last update that changes it, of the answer and of the last other latent. */
  readonly maps: Readonly<Record<string, readonly TokenMap[]>>
}

/** One of the rollouts that run from the same puzzle. */
export interface InsideRollout {
  /** `[depth]` */
  readonly qHalt: Float32Array
  /** `[depth]` tokens of the answer after each supervision step. */
  readonly answers: readonly Uint8Array[]
  /** Supervision steps at which the plane has a point of it; 0 is the start. */
  readonly pointSteps: readonly number[]
  readonly points: readonly PlanePoint[]
}

/** A recording of one puzzle from inside the recursion. */
export interface Inside {
  readonly settings: InsideSettings
  /** The latents; the heads read the first, the answer. */
  readonly latents: readonly string[]
  /** `[seqLen]` tokens that the output head reads in each latent at the start, before any noise. */
  readonly start: Readonly<Record<string, Uint8Array>>
  readonly startPoint: PlanePoint
  /** Logit of halting at the start. */
  readonly startQHalt: number
  readonly steps: readonly InsideStep[]
  /** All rollouts, the watched one too. */
  readonly rollouts: readonly InsideRollout[]
  /** Shares of the variance of all rollouts' latents along the two axes of the plane. */
  readonly planeShares: readonly [number, number]
}

/** Most updates of one recording. */
export const MOST_RECORDED_UPDATES = 4096
/** Bytes of latents kept for the principal components; with more, only evenly spaced steps have points. */
const MOST_BYTES = 2 ** 28
/** Tokens of the rollouts computed at a time. */
const MOST_TOKENS = 2 ** 13

/**
 * Records a model on one puzzle, update by update. The latents of all rollouts after their supervision steps, laid end to
 * end, give the plane of the two first principal components; every update of the watched rollout is projected into it.
 *
 * @param model the weights to look at are its own
 * @param batch one row
 * @throws UserError if depth × updates is more than 4,096.
 * @throws Interrupted at the first step after the signal is aborted.
 */
export async function recordInside(
  model: Model,
  batch: Batch,
  settings: InsideSettings,
  signal?: AbortSignal,
): Promise<Inside> {
  const { shape } = model
  const { depth, rollouts, watched } = settings
  const updates = recursionOf(shape).order.length
  if (depth * updates > MOST_RECORDED_UPDATES)
    throw new UserError({
      where: 'look, depth',
      expected: `at most ${Math.floor(MOST_RECORDED_UPDATES / updates)}: ${updates} updates are recorded for each supervision step`,
      found: String(depth),
      exitCode: 2,
    })
  noisyLatents(shape, settings)
  const pointSteps = recordedSteps(shape, depth, rollouts)
  const runs: Run[] = []
  const atOnce = Math.max(1, Math.floor(MOST_TOKENS / totalTokens(shape)))
  for (let from = 0; from < rollouts; from += atOnce) {
    const some = Array.from({ length: Math.min(atOnce, rollouts - from) }, (_, i) => from + i)
    runs.push(...(await runRollouts(model, batch, settings, some, new Set(pointSteps), signal)))
  }
  const plane = principalComponents(
    runs.flatMap(({ vectors }) => vectors),
    2,
  )
  return {
    settings,
    latents: latentNames(shape),
    ...(await recordUpdates(model, batch, settings, watched, plane, signal)),
    rollouts: runs.map(({ qHalt, answers, vectors }) => ({
      qHalt,
      answers,
      pointSteps,
      points: vectors.map((vector) => pointOf(plane, vector)),
    })),
    planeShares: [plane.shares[0]!, plane.shares[1]!],
  }
}

/** Returns the steps whose latents are kept, evenly spaced, from the start (0) to the last. */
function recordedSteps(shape: ModelShape, depth: number, rollouts: number): number[] {
  const bytes = 4 * latentNames(shape).length * totalTokens(shape) * shape.hidden * rollouts
  const count = Math.max(2, Math.min(depth + 1, Math.floor(MOST_BYTES / bytes)))
  return [...new Set(Array.from({ length: count }, (_, i) => Math.round((i * depth) / (count - 1))))]
}

async function recordUpdates(
  model: Model,
  batch: Batch,
  settings: InsideSettings,
  watched: number,
  plane: PrincipalComponents,
  signal: AbortSignal | undefined,
): Promise<Pick<Inside, 'start' | 'startPoint' | 'startQHalt' | 'steps'>> {
  const { shape, weights } = model
  const latents = latentNames(shape)
  const recursion = recursionOf(shape)
  const texts = updateTexts(recursion, shape.networks)
  const programs = new Map<number, Program>()
  const programAt = (at: number): Program => {
    const place = recursion.order[at]!
    if (!programs.has(place)) programs.set(place, programOf(recursion, at, at + 1))
    return programs.get(place)!
  }
  const changedAt = (at: number): string[] => changedBy(programAt(at))
  const mapped = settings.sources > 0 ? mappedUpdates(recursion.order.length, latents, changedAt) : new Map()
  const streams = streamsOf(settings, [watched])
  let now = begin(model, batch, settings, streams)
  try {
    const start = Object.fromEntries(latents.map((name) => [name, decode(weights, shape, now.state[name]!).tokens]))
    const startPoint = pointOf(plane, rowsOf(now.state, latents, 1)[0]!)
    const startQHalt = decode(weights, shape, now.state[latents[0]!]!).qHalt
    const steps: InsideStep[] = []
    for (let step = 1; step <= settings.depth; step++) {
      const before = tidy(() =>
        Object.fromEntries(latents.map((name) => [name, tf.keep(tf.clone(now.state[name]!))])),
      ) as State
      try {
        now = withNoise(now, settings, shape, streams, step)
        let call = 0
        const updates: InsideUpdate[] = []
        const maps: Record<string, TokenMap[]> = {}
        for (let at = 0; at < recursion.order.length; at++) {
          const program = programAt(at)
          const of: string | undefined = mapped.get(at)
          if (of !== undefined) maps[of] = tokenMaps(shape, weights, program, now.x, now.state, settings.sources)
          const next = refined(model, program, now, settings, streams, step, call)
          call += program.assignments.filter(({ net }) => net !== 'plus').length
          const changed = changedAt(at)
          const delta = Object.fromEntries(changed.map((name) => [name, relative(next[name]!, now.state[name]!)]))
          now = replaced(now, next)
          const decoded = changed.map((name) => [name, decode(weights, shape, next[name]!)] as const)
          updates.push({
            step,
            update: at + 1,
            text: texts[recursion.order[at]!]!,
            changed,
            tokens: Object.fromEntries(decoded.map(([name, { tokens }]) => [name, tokens])),
            delta,
            qHalt:
              decoded.find(([name]) => name === latents[0])?.[1].qHalt ??
              decode(weights, shape, next[latents[0]!]!).qHalt,
            point: pointOf(plane, rowsOf(next, latents, 1)[0]!),
          })
        }
        const { tokens, qHalt, qContinue } = decode(weights, shape, now.state[latents[0]!]!)
        const delta = Object.fromEntries(latents.map((name) => [name, relative(now.state[name]!, before[name]!)]))
        steps.push({ step, tokens, qHalt, qContinue, delta, updates, maps })
      } finally {
        tf.dispose(Object.values(before))
      }
      await pause(signal, step, settings.depth)
    }
    return { start, startPoint, startQHalt, steps }
  } finally {
    endEvaluation(now)
  }
}

/** Returns the last update of the answer, and the last of another latent: the latent by the update's index. */
function mappedUpdates(
  count: number,
  [answer, ...others]: readonly string[],
  changedAt: (at: number) => readonly string[],
): Map<number, string> {
  const found = new Map<number, string>()
  for (const wanted of [[answer!], others]) {
    for (let at = count - 1; at >= 0; at--) {
      const name = changedAt(at).find((changed) => wanted.includes(changed))
      if (name === undefined) continue
      if (!found.has(at)) found.set(at, name)
      break
    }
  }
  return found
}

function changedBy({ latents, ends }: Program): string[] {
  return latents.filter((name, at) => ends[name] !== 1 + at)
}

/** Reads a latent with the heads, as if it were the answer. */
function decode(
  weights: Model['weights'],
  shape: ModelShape,
  latent: tf.Tensor3D,
): { readonly tokens: Uint8Array; readonly qHalt: number; readonly qContinue: number } {
  const [answer] = latentNames(shape)
  const { predictions, qHalt, qContinue } = readHeads(weights, shape, { [answer!]: latent })
  return { tokens: Uint8Array.from(predictions), qHalt: qHalt[0]!, qContinue: qContinue[0]! }
}

/** Returns ‖next − last‖ / ‖last‖; 0 if both are 0. */
function relative(next: tf.Tensor3D, last: tf.Tensor3D): number {
  const [moved, length] = tidy(() => [tf.norm(tf.sub(next, last)).dataSync()[0]!, tf.norm(last).dataSync()[0]!])
  return moved === 0 ? 0 : moved! / Math.max(length!, Number.MIN_VALUE)
}

function pointOf(plane: PrincipalComponents, vector: Float32Array): PlanePoint {
  const [x, y] = coordinates(plane, vector)
  return [x!, y!]
}
