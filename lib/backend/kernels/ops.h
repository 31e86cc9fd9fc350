// The operations that register.cc makes known to TensorFlow, by the file that defines them.
#pragma once

namespace recurlab {

/** ops_weights.cc: the layouts of weights and of their gradients. */
void define_weights();

/** ops_recursion.cc: all that the networks compute. */
void define_recursion();

/** ops_optimizer.cc: AdamATan2 and AdamW. */
void define_optimizer();

}  // namespace recurlab
