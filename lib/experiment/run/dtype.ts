import { type Dtype, fastPath, kernels } from '../../backend/kernels.js'
import { isFunctionRecord } from '../../config/functions.js'
import type { Config } from '../../config/schema.js'
import { UserError } from '../../errors.js'

/**
 * Returns the type that a model is computed in on this machine: `auto` is bfloat16 if the processor multiplies bfloat16
 * matrices (AMX); bfloat16 dot products (AVX-512 BF16) are no faster than float32. Plain operations, which a custom mixer
 * needs, support float32 only.
 *
 * @throws UserError if bfloat16 is requested but not supported here
 */
export function chooseDtype(asked: Config['dtype'], mixer: Config['mixer'] = 'mlp'): Dtype {
  if (isFunctionRecord(mixer)) return 'float32'
  const units = kernels()?.units.bfloat16 ?? null
  if (asked === 'auto') return units === 'AMX' ? 'bfloat16' : 'float32'
  if (asked === 'float32' || units) return asked
  const { on, reason } = fastPath()
  throw new UserError({
    where: 'key dtype',
    expected: 'float32 or auto: bfloat16 needs the fused kernels and a processor with AMX or AVX-512 BF16',
    found: on ? 'bfloat16 on a processor without either' : `bfloat16 without fused kernels (${reason})`,
    todo: 'Omit dtype: auto uses bfloat16 if it is faster.',
  })
}

/**
 * {@link chooseDtype} for stored weights, which also work in float32: if bfloat16 is missing here, returns float32 with a
 * note.
 */
export function dtypeOrFloat32(
  asked: Config['dtype'],
  mixer: Config['mixer'] = 'mlp',
): { dtype: Dtype; note: string | null } {
  if (isFunctionRecord(mixer)) return { dtype: 'float32', note: plainNote(mixer) }
  if (asked === 'bfloat16' && !kernels()?.units.bfloat16)
    return { dtype: 'float32', note: 'bfloat16 is not available here: computed in float32' }
  return { dtype: chooseDtype(asked), note: null }
}

/**
 * Returns the type of stored weights that compute a number of supervision steps: float32 beyond the trained depth K, where
 * bfloat16 loses accuracy, else the trained type.
 *
 * @param supervisionSteps the number that is asked for; undefined: that of the configuration
 */
export function dtypeAtDepth(
  trained: Config['dtype'],
  { K }: Pick<Config, 'K'>,
  supervisionSteps: number | undefined,
): Config['dtype'] {
  return supervisionSteps !== undefined && supervisionSteps > K ? 'float32' : trained
}

/** Returns a note on how a model with a custom mixer is computed; null for a built-in mixer. */
export function plainNote(mixer: Config['mixer']): string | null {
  return isFunctionRecord(mixer)
    ? `the blocks are computed by plain operations in float32: the fused kernels do not support the mixer ${mixer.name}`
    : null
}
