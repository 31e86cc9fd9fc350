import { type Dtype, fastPath, kernels } from '../../backend/kernels.js'
import type { Config } from '../../config/schema.js'
import { UserError } from '../../errors.js'

/**
 * What a model is computed in here: `auto` is bfloat16 where the processor multiplies matrices of bfloat16 (AMX); its dot
 * products alone (AVX-512 BF16) are no faster than float32.
 *
 * @throws UserError when bfloat16 is asked for and nothing here computes it
 */
export function chooseDtype(asked: Config['dtype']): Dtype {
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

/** {@link chooseDtype} for weights that exist already: float32, with a note, where bfloat16 is asked for and not available. */
export function dtypeOrFloat32(asked: Config['dtype']): { dtype: Dtype; note: string | null } {
  if (asked === 'bfloat16' && !kernels()?.units.bfloat16)
    return { dtype: 'float32', note: 'bfloat16 is not available here: computed in float32' }
  return { dtype: chooseDtype(asked), note: null }
}
