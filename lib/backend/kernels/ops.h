// The operations that register.cc registers with TensorFlow, by the file that defines them.
#pragma once

namespace recurlab {

/** ops_weights.cc: layouts of weights and of their gradients. */
void define_weights();

/** ops_recursion.cc: recursions of networks, and their gradients. */
void define_recursion();

/** ops_optimizer.cc: AdamATan2 and AdamW. */
void define_optimizer();

/** ops_think.cc: noise and measurements of rollouts. */
void define_think();

}  // namespace recurlab
