import type { Dataset } from '../data/dataset.js'
import { UserError } from '../errors.js'
import { checkDataFits } from '../model/data-fit.js'
import type { Model } from '../model/model.js'
import { latentNames, type ModelShape } from '../model/shape.js'
import type { NoiseTarget, RolloutSettings } from './settings.js'

/**
 * Returns the names of the latents that noise is added to.
 *
 * @throws UserError (exit code 2) for data that do not fit the model, and for a target that it does not have.
 */
export function noisyLatents(model: Model, data: Dataset, settings: RolloutSettings): string[] {
  checkDataFits(model, data.manifest, {
    where: 'think, data',
    todo: 'Give the data set that the model was made for.',
  })
  return noisyLatentsOf(model.shape, settings)
}

/** {@link noisyLatents} without data. @throws UserError (exit code 2) for a target that the model does not have. */
export function noisyLatentsOf(
  shape: ModelShape,
  { noise, noiseAt, target }: Pick<RolloutSettings, 'noise' | 'noiseAt' | 'target'>,
): string[] {
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
