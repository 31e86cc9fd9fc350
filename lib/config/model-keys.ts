import { UserError } from '../errors.js'
import { checkRecursionKey } from './recursion-key.js'
import type { Config, ConfigKey } from './schema.js'

/** Model keys with their effective values. */
export interface ModelKeys {
  readonly model: 'trm' | 'hrm' | 'direct'
  /** `single` for direct prediction. */
  readonly latents: 'two' | 'single' | 'multi'
  readonly networks: 'shared' | 'separate'
  readonly gradient: 'full' | 'one-step'
  /** `compare`: halts when q_halt > q_continue, without a continue loss. */
  readonly halting: 'halt' | 'compare' | 'continue' | 'none'
  readonly positions: 'rope' | 'learned' | 'none'
  readonly layersH: number
  /** 1 when the key `recursion` replaces it. */
  readonly T: number
  /** 0 for direct prediction, and when the key `recursion` replaces it. */
  readonly n: number
  readonly puzzleTokens: number
  readonly puzzleDim: number
}

/**
 * Returns the model keys with open values filled in.
 *
 * @throws UserError naming a key that has no effect, or conflicts with another.
 */
export function modelKeys(config: Config): ModelKeys {
  refuseUnused(config)
  refuseCombinations(config)
  checkRecursionKey(config)
  return fillModelKeys(config)
}

/** The keys that define a model; those left open are null or, in a resolved configuration, absent. */
type OpenModelKeys = Pick<Config, 'model' | 'mixer' | 'hidden' | 'layers'> & {
  readonly [K in keyof ModelKeys | 'recursion']?: Config[K] | undefined
}

/** Returns {@link modelKeys} of a configuration that was already checked. */
export function fillModelKeys(config: OpenModelKeys): ModelKeys {
  const puzzleDim = config.puzzleDim ?? config.hidden
  const shared = {
    model: config.model,
    positions: config.positions ?? (config.mixer === 'attention' ? 'rope' : 'none'),
    layersH: config.layersH ?? config.layers,
    puzzleTokens: config.puzzleTokens || Math.ceil(puzzleDim / config.hidden),
    puzzleDim,
  } as const
  switch (config.model) {
    case 'direct':
      return {
        ...shared,
        latents: 'single',
        networks: 'shared',
        gradient: 'full',
        halting: config.halting ?? 'compare',
        T: 1,
        n: 0,
      }
    case 'hrm':
      return {
        ...shared,
        latents: 'two',
        networks: 'separate',
        gradient: 'one-step',
        halting: config.halting ?? 'continue',
        ...(config.recursion ? { T: 1, n: 0 } : { T: config.T ?? 2, n: config.n ?? 2 }),
      }
    case 'trm':
      return {
        ...shared,
        latents: config.latents ?? 'two',
        networks: config.networks ?? 'shared',
        gradient: config.gradient ?? 'full',
        halting: config.halting ?? 'halt',
        ...(config.recursion ? { T: 1, n: 0 } : { T: config.T ?? 3, n: config.n ?? 6 }),
      }
  }
}

/** Returns the probability of exploration: 0 for a model without adaptive halting. */
export function haltExploration({ haltExploration, halting }: Config): number {
  return halting === 'none' ? 0 : (haltExploration ?? 0.1)
}

function refuseUnused(config: Config): void {
  const { model, networks, mixer, positions, puzzleDim, puzzleTokens, hidden, halting } = config
  const refuse = (key: ConfigKey, why: string): void => {
    if (config[key] !== null) throw unused(key, why, config[key])
  }
  if (model === 'hrm') {
    refuse('latents', 'model=hrm has its own, y and z (z_H and z_L)')
    refuse('networks', 'model=hrm always has separate ones')
    refuse('gradient', 'model=hrm always takes the 1-step gradient')
  }
  if (model === 'direct') {
    for (const key of ['latents', 'networks', 'gradient'] as const)
      refuse(key, 'model=direct has one latent, one network, one update')
    if (config.T !== 1) refuse('T', 'model=direct makes one update per supervision step')
    refuse('n', 'model=direct has no latent beside the answer')
  }
  if (model === 'direct' || (model === 'trm' && networks !== 'separate'))
    refuse('layersH', 'there is one network, whose blocks are layers')
  const needed = Math.ceil((puzzleDim ?? hidden) / hidden)
  if (model !== 'trm' && puzzleTokens !== 0 && puzzleTokens !== needed)
    throw unused(
      'puzzleTokens',
      `model=${model} always has ceil(puzzleDim / hidden), here ${needed}`,
      puzzleTokens,
      '0',
    )
  if (mixer !== 'attention' && positions === 'rope')
    throw unused('positions', 'rotary positions rotate the queries and keys of mixer=attention', positions)
  if (halting === 'none' && config.haltExploration !== 0)
    refuse('haltExploration', 'with halting=none every row takes K steps')
  if (halting === 'none' && config.evalHalt)
    throw unused('evalHalt', 'with halting=none every row takes K steps', true, 'false')
}

function refuseCombinations({ model, latents, networks, halting, K, freeze, puzzleDim }: Config): void {
  if (latents === 'single' && networks === 'separate')
    throw new UserError({
      where: 'key networks',
      expected: 'shared with latents=single: there is no y beside z for a second network',
      found: 'separate',
      todo: 'Use latents=two or latents=multi.',
      exitCode: 2,
    })
  // model=hrm implies it, even when K=1 leaves it without effect.
  if (halting === 'continue' && K === 1 && model !== 'hrm')
    throw new UserError({
      where: 'key halting',
      expected: 'halt or none with K=1, where there is no step to continue to',
      found: 'continue',
      todo: 'Raise K, or leave halting out.',
      exitCode: 2,
    })
  if (freeze && puzzleDim === 0)
    throw new UserError({
      where: 'key freeze',
      expected: 'false with puzzleDim=0: without a puzzle embedding nothing would be trained',
      found: 'true',
      exitCode: 2,
    })
}

function unused(key: ConfigKey, why: string, found: unknown, neutral = 'null'): UserError {
  return new UserError({
    where: `key ${key}`,
    expected: `nothing, as it would have no effect: ${why}`,
    found: String(found),
    todo: `Leave it out, or set it to ${neutral}.`,
    exitCode: 2,
  })
}
