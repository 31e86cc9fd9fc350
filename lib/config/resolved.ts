import { effectiveConfig } from './effective.js'
import { type KeyGroup, keyGroups } from './key-groups.js'
import { parseConfig } from './parse.js'
import type { Config, ConfigInput, ConfigKey } from './schema.js'

/** Keys of a group. */
export type KeysOf<G extends KeyGroup> = { [K in ConfigKey]: (typeof keyGroups)[K] extends G ? K : never }[ConfigKey]
/** Keys with the values that are used. */
type Used<K extends ConfigKey> = { readonly [P in K]: NonNullable<Config[P]> }
/** Keys that are absent when null. */
type Open<K extends ConfigKey> = { readonly [P in K]?: NonNullable<Config[P]> }

/** Keys that say nothing when they are not given. */
type OptionalTraining = 'patience' | 'until' | 'maxSeconds' | 'keepEvery'
type OptionalEvaluation = 'evalVersions' | 'evalWeights' | 'bestMetric'

/** Keys that only some models have. */
type OfSomeModels = 'model' | 'latents' | 'networks' | 'gradient' | 'layersH' | 'recursion' | 'T' | 'n'

/** A recursion as a value, or the keys of a built-in one. */
type Recursed<K extends ConfigKey> = Used<'recursion'> | (Used<K> & { readonly recursion?: undefined })

type Trm = { readonly model: 'trm' } & Recursed<'latents' | 'gradient' | 'T' | 'n'> &
  ({ readonly networks: 'shared' } | ({ readonly networks: 'separate' } & Used<'layersH'>))
type Hrm = { readonly model: 'hrm' } & Used<'layersH'> & Recursed<'T' | 'n'>
type Direct = { readonly model: 'direct'; readonly recursion?: undefined } & Used<'T'>

/** The length of a run, in optimiser steps or in passes over the base puzzles. */
type Length =
  | (Used<'trainSteps'> & { readonly epochs?: undefined })
  | (Used<'epochs'> & { readonly trainSteps?: undefined })

/** The optimiser of the puzzle embedding; absent if the model has none. */
type Embedding =
  | Used<'puzzleLr' | 'puzzleWeightDecay'>
  | { readonly puzzleLr?: undefined; readonly puzzleWeightDecay?: undefined }

/**
 * A configuration with its effective values, in the groups of `recurlab explain`. Nothing is null: a key that does not
 * apply to the model, or is null, is absent.
 */
export interface ResolvedConfig {
  readonly data: Used<'task'> & Open<Exclude<KeysOf<'data'>, 'task'>>
  readonly model: Used<Exclude<KeysOf<'model'>, OfSomeModels>> & (Trm | Hrm | Direct)
  readonly training: Used<
    Exclude<KeysOf<'training'>, 'trainSteps' | 'epochs' | 'puzzleLr' | 'puzzleWeightDecay' | OptionalTraining>
  > &
    Open<OptionalTraining> &
    Length &
    Embedding
  /** `evalVersions` is absent where all versions are evaluated. */
  readonly evaluation: Used<Exclude<KeysOf<'evaluation'>, OptionalEvaluation>> & Open<OptionalEvaluation>
}

/**
 * Resolves a configuration once for all computation: open keys receive the values that follow from other keys.
 *
 * @param config as returned by `parseConfig`; a resolved one, parsed again, resolves to itself
 */
export function resolveConfig(config: Config): ResolvedConfig {
  return groupKeys(effectiveConfig(config)) as unknown as ResolvedConfig
}

/** Returns the keys that the user gave, with their checked values. @throws UserError as `parseConfig` does. */
export function askedConfig(input: ConfigInput): Partial<Config> {
  const given = Object.entries(parseConfig(input)).filter(([key]) => input[key as ConfigKey] !== undefined)
  return Object.fromEntries(given)
}

/** Groups the keys of a flat configuration and omits nulls; other keys stay beside the groups. */
export function groupKeys(flat: object): Record<string, unknown> {
  const groups: Record<string, Record<string, unknown>> = { data: {}, model: {}, training: {}, evaluation: {} }
  const others: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(flat)) {
    const group = Object.hasOwn(keyGroups, key) ? groups[keyGroups[key as ConfigKey]]! : others
    if (value !== null && value !== undefined) group[key] = value
  }
  return { ...others, ...groups }
}

/** Returns the flat configuration of {@link groupKeys}. */
export function flattenGroups(grouped: object): Record<string, unknown> {
  const { data, model, training, evaluation, ...others } = grouped as Record<KeyGroup, object | undefined>
  return { ...others, ...data, ...model, ...training, ...evaluation }
}
