import type * as tf from '@tensorflow/tfjs-core'
import { resolveConfig } from '../config/resolved.js'
import type { Config, ConfigInput } from '../config/schema.js'
import type { Batch, Dataset } from '../data/dataset.js'
import { UserError } from '../errors.js'
import { runConfig } from '../experiment/data/dataset.js'
import { chooseDtype } from '../experiment/run/dtype.js'
import { configuredShape } from '../model/configured.js'
import { initialModel, Model, type ModelParts } from '../model/model.js'
import { JUPYTER_DISPLAY } from '../notebook/bundle.js'
import type { MimeBundle } from '../notebook/host.js'
import { modelBundle } from './model-bundle.js'
import { tf as core } from './tf.js'

/**
 * Names of a model's latents, as its configuration's `model` and `latents` determine them; all possible names if types do
 * not.
 */
export type LatentName<M, L> = [M] extends ['direct']
  ? 'y'
  : [L] extends ['single']
    ? 'z'
    : [L] extends ['multi']
      ? 'y' | `z${number}`
      : [L] extends ['two' | null | undefined]
        ? 'y' | 'z'
        : 'y' | 'z' | `z${number}`

/** A model with its configuration. A notebook shows its recursion, weights and cost. */
export class ConfiguredModel<Name extends string = string> extends Model {
  /** The configuration with every default filled in. */
  readonly config: Config
  /** The configuration as given, without derived values. */
  readonly asked: ConfigInput

  constructor(parts: ModelParts, config: Config, asked: ConfigInput) {
    super(parts)
    this.config = config
    this.asked = asked
  }

  override start(batch: Batch): { readonly [N in Name]: tf.Tensor3D } {
    return super.start(batch) as { readonly [N in Name]: tf.Tensor3D }
  }

  /**
   * Returns the notebook display: the recursion as pseudocode, each stack and weight with its shape, parameters, MACs of a
   * step.
   */
  [JUPYTER_DISPLAY](): MimeBundle {
    return modelBundle(this)
  }
}

/**
 * Returns a model with fresh weights, a pure function of configuration, data sizes and seed; `train` begins with the same
 * weights.
 *
 * @example
 * const model = createModel({ mixer: 'mlp', hidden: 64, T: 3, n: 6, K: 8 }, data, { seed: 0 })
 * model.net(z, y, model.embed(batch))
 *
 * @param config any keys of a configuration; the others take their defaults
 * @param data the data set that determines vocabulary, length and number of puzzles
 * @param options seed of the weights; default: the configuration's `seed`, or 0
 * @throws UserError for an invalid key, one without effect, incompatible sizes, or if no backend is started.
 */
export function createModel<M extends ConfigInput['model'] = 'trm', L extends ConfigInput['latents'] = 'two'>(
  config: ConfigInput & { readonly model?: M; readonly latents?: L },
  data: Dataset,
  options: { readonly seed?: number } = {},
): ConfiguredModel<LatentName<M, L>> {
  const asked: ConfigInput = options.seed === undefined ? config : { ...config, seed: options.seed }
  const whole = runConfig(asked, data)
  const shape = configuredShape(resolveConfig(whole), data.manifest)
  if (!core.getBackend())
    throw new UserError({
      where: 'createModel',
      expected: 'a started backend',
      found: 'none started',
      todo: 'Run `await startBackend()`, which says why none starts.',
    })
  return new ConfiguredModel(
    initialModel(shape, whole.seed).with({ dtype: chooseDtype(whole.dtype, whole.mixer), task: data.manifest.task }),
    whole,
    asked,
  )
}
