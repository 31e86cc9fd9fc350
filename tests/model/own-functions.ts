import type { Loss, Mixer } from '../../lib/index.js'
import { tf as tensors } from '../../lib/index.js'

/** A name of this module, so that the functions' text is the one below: an imported name is compiled to `index_js_1.tf`. */
const tf = tensors

// The line of the design, as it stands there.
// biome-ignore format: it is one line.
export const conv: Mixer = { weights: ({ hidden }) => ({ kernel: [3, hidden, hidden] }), apply: (h, { kernel }) => tf.conv1d(h, kernel, 1, 'same') }

/** Focal loss, (1 - p)² · -log p of the right token. "Focal Loss for Dense Object Detection", arXiv 1708.02002. */
export const focal: Loss = (logits, labels) => {
  const p = tf.sum(tf.mul(tf.softmax(logits), tf.oneHot(labels, logits.shape[2])), -1)
  return tf.mul(tf.square(tf.sub(1, p)), tf.neg(tf.log(tf.add(p, 1e-6))))
}
