import { UserError } from '../../lib/errors.js'
import { checkShape, type ModelShape } from '../../lib/model/shape.js'
import type { Reference } from './reference.js'

/** A form in which a reference's model is computed. */
export interface Form {
  /** First column of the parity table. */
  readonly name: string
  readonly shape: ModelShape
}

/**
 * Returns the models that must give a reference's numbers: the variant identified by its configuration and tensor names,
 * and for an HRM also the equivalent TRM with separate networks, one-step gradient and continue loss.
 *
 * @throws UserError if the variant is not recognised, or its sizes are incompatible.
 */
export function referenceForms(reference: Reference): Form[] {
  const shape = referenceShape(reference)
  checkShape(shape)
  const own = { name: reference.name, shape }
  return shape.model === 'hrm' ? [own, { name: `${reference.name} as trm`, shape: { ...shape, model: 'trm' } }] : [own]
}

function referenceShape(reference: Reference): ModelShape {
  const { config } = reference.about
  const has = (name: string): boolean => reference.tensors.has(`init/${name}`)
  const hasStack = (name: string): boolean =>
    [...reference.tensors.keys()].some((tensor) => tensor.startsWith(`init/${name}.`))
  const told = (key: 'L_cycles' | 'L_layers' | 'H_layers'): number => {
    const value = config[key]
    if (value) return value
    throw new UserError({
      where: `${reference.name}.json, key config.${key}`,
      expected: 'a whole number of 1 or more',
      found: value === undefined ? 'nothing' : String(value),
    })
  }
  const needed = Math.ceil(config.puzzle_emb_ndim / config.hidden_size)
  const shared = {
    freeze: false,
    recursion: null,
    mixer: config.mlp_t ? 'mlp' : 'attention',
    hidden: config.hidden_size,
    heads: config.num_heads,
    expansion: config.expansion,
    positions: config.pos_encodings,
    K: config.halt_max_steps,
    puzzleTokens: needed,
    puzzleDim: config.puzzle_emb_ndim,
    puzzleIdentifiers: config.num_puzzle_identifiers,
    vocabSize: config.vocab_size,
    seqLen: config.seq_len,
  } as const
  if (!hasStack('H_level') && !hasStack('L_level'))
    throw new UserError({
      where: `${reference.name}.safetensors`,
      expected: 'weights of L_level or H_level under init/',
      found: 'neither',
    })
  if (!hasStack('L_level'))
    return {
      ...shared,
      model: 'direct',
      latents: 'single',
      networks: 'shared',
      gradient: 'full',
      halting: 'compare',
      layers: told('H_layers'),
      layersH: told('H_layers'),
      T: 1,
      n: 0,
    }
  const recursive = { ...shared, layers: told('L_layers'), T: config.H_cycles, n: told('L_cycles') }
  if (hasStack('H_level'))
    return {
      ...recursive,
      model: 'hrm',
      latents: 'two',
      networks: 'separate',
      gradient: 'one-step',
      halting: 'continue',
      layersH: told('H_layers'),
    }
  const latents = has('H_init') ? (has('L_init') ? 'two' : 'multi') : 'single'
  const count = [...reference.tensors.keys()].filter((tensor) => /^init\/L\d+_init$/.test(tensor)).length
  if (latents === 'multi' && count !== recursive.n)
    throw new UserError({
      where: `${reference.name}.safetensors`,
      expected: `L1_init to L${recursive.n}_init, one for each of L_cycles=${recursive.n}`,
      found: `${count} of them`,
    })
  return {
    ...recursive,
    model: 'trm',
    latents,
    networks: 'shared',
    gradient: 'full',
    halting: config.no_ACT_continue ? 'halt' : 'continue',
    layersH: recursive.layers,
    puzzleTokens: config.puzzle_emb_len || needed,
  }
}
