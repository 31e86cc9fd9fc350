import { type Dtype, fastPath, kernels } from '../../backend/kernels.js'
import { isFunctionRecord } from '../../config/functions.js'
import type { Config } from '../../config/schema.js'
import { UserError } from '../../errors.js'

/**
 * The type that a model is computed in on this machine: `auto` is bfloat16 where the processor multiplies matrices of bfloat16 (AMX); its dot
 * products alone (AVX-512 BF16) are no faster than float32. The plain operations of a mixer of the user's own know float32 only.
 *
 * @throws UserError when bfloat16 is asked for and nothing here computes it
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
    found: on ? 'bfloat16, and a processor without' : `bfloat16, and no fused kernels (${reason})`,
    todo: 'Leave dtype out: auto takes bfloat16 where it is faster.',
  })
}

/** {@link chooseDtype} for stored weights, which float32 serves as well: where bfloat16 is missing here, float32 with a note. */
export function dtypeOrFloat32(
  asked: Config['dtype'],
  mixer: Config['mixer'] = 'mlp',
): { dtype: Dtype; note: string | null } {
  if (isFunctionRecord(mixer)) return { dtype: 'float32', note: plainNote(mixer) }
  if (asked === 'bfloat16' && !kernels()?.units.bfloat16)
    return { dtype: 'float32', note: 'bfloat16 is not available here: computed in float32' }
  return { dtype: chooseDtype(asked), note: null }
}

/** Says how a model with the user's own mixer is computed; null for one with a mixer that the kernels know. */
export function plainNote(mixer: Config['mixer']): string | null {
  return isFunctionRecord(mixer)
    ? `the blocks are computed by plain operations in float32: the fused kernels do not know the mixer ${mixer.name}`
    : null
}
