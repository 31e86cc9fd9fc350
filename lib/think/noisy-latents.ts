import type { Dataset } from '../data/dataset.js'
import { UserError } from '../errors.js'
import { checkDataFits } from '../model/data-fit.js'
import type { Model } from '../model/model.js'
import { latentNames, type ModelShape } from '../model/shape.js'
import type { NoiseTarget, RolloutSettings } from './settings.js'

/**
 * Returns the names of the latents that noise is added to before a supervision step, after a check of data and settings.
 *
 * @throws UserError (exit code 2) for data that do not fit the model, for a target that the model does not have or that noise in
 * network calls does not reach alone, and for rollouts that follow a halting head that was not trained.
 */
export function checkedLatents(model: Model, data: Dataset, settings: RolloutSettings): string[] {
  checkDataFits(model, data.manifest, {
    where: 'think, data',
    todo: 'Give the data set that the model was made for.',
  })
  checkHaltingHead(model, settings)
  return noisyLatents(model.shape, settings)
}

/**
 * Returns the names of the latents that noise is added to before a supervision step.
 *
 * @throws UserError (exit code 2) for a target that the model does not have or that noise in network calls does not reach alone.
 */
export function noisyLatents(
  shape: ModelShape,
  { noise, noiseAt, target }: Pick<RolloutSettings, 'noise' | 'noiseAt' | 'target'>,
): string[] {
  if (noise > 0 && noiseAt === 'call' && target === 'y')
    throw new UserError({
      where: 'key target',
      expected: 'both, since noiseAt=call adds noise to the result of every network call',
      found: target,
      todo: 'Leave target out, or set noiseAt=step.',
      exitCode: 2,
    })
  const names = latentNames(shape)
  const isNoisy: Record<NoiseTarget, (name: string) => boolean> = {
    z: (name) => name !== 'y',
    y: (name) => name === 'y',
    both: () => true,
  }
  const noisy = names.filter(isNoisy[target])
  if (noise > 0 && noiseAt === 'step' && noisy.length === 0)
    throw new UserError({
      where: 'key target',
      expected: `noise on a latent of the model, which has ${names.join(', ')} only`,
      found: target,
      todo: 'Set target=both.',
      exitCode: 2,
    })
  return noisy
}

function checkHaltingHead({ shape: { halting } }: Model, { leave, guide }: RolloutSettings): void {
  if (halting !== 'none' || (leave !== 'halted' && guide === 0)) return
  const [where, todo] =
    leave === 'halted'
      ? ['key leave', 'Set leave=settled, or leave it out.']
      : ['key guide', 'Leave it out: rollouts are then independent.']
  throw new UserError({
    where,
    expected: 'a model whose halting head was trained',
    found: 'one of halting=none',
    todo,
    exitCode: 2,
  })
}
