// The operations that register.cc makes known to TensorFlow, by the file that defines them.
#pragma once

namespace recurlab {

/** ops_blocks.cc: the layouts of weights, and the SwiGLU blocks. */
void define_blocks();

/** ops_attention.cc: the block with self-attention. */
void define_attention();

/** ops_half.cc: both in bfloat16. */
void define_half();

/** ops_optimizer.cc: AdamATan2 and AdamW. */
void define_optimizer();

}  // namespace recurlab
