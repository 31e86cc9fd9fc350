import * as tf from '@tensorflow/tfjs-core'

/** Something computed from a sum of inputs. */
interface Entry {
  /** What was summed. */
  readonly inputs: readonly tf.Tensor[]
  readonly output: tf.Tensor
  /** What else the gradient needs. */
  readonly kept: readonly tf.Tensor[]
  /** The gradient of the sum, so of every input, out of the output's: a new tensor. */
  readonly gradient: (dy: tf.Tensor) => tf.Tensor
}

/**
 * A record of what was computed, for one way back through it. tfjs's own keeps every tensor and every gradient until all
 * gradients are known; this one frees each as soon as nothing before it needs it.
 */
export class Tape {
  private readonly entries: Entry[] = []

  /** Adds an entry, whose output and kept tensors then are the tape's. */
  record(entry: Entry): void {
    for (const tensor of [entry.output, ...entry.kept]) tf.keep(tensor)
    this.entries.push(entry)
  }

  /**
   * The gradient of `to`, out of that of `of`; frees everything recorded.
   *
   * @param of an output that was recorded
   * @param dy its gradient, the caller's
   */
  backward(of: tf.Tensor, dy: tf.Tensor, to: tf.Tensor): tf.Tensor {
    // All outputs, also those that do not depend on it: on the way through them the weights' gradients are added up.
    const wanted = new Set([to, ...this.entries.map(({ output }) => output)])
    const gradients = new Map([[of, tf.clone(dy)]])
    for (let entry = this.entries.pop(); entry; entry = this.entries.pop()) {
      const dOutput = gradients.get(entry.output)
      gradients.delete(entry.output)
      if (dOutput) {
        const dInput = entry.gradient(dOutput)
        for (const input of entry.inputs) if (wanted.has(input)) add(gradients, input, dInput)
        tf.dispose([dInput, dOutput])
      }
      free(entry)
    }
    return gradients.get(to) ?? tf.zerosLike(to)
  }

  /** Frees what is left where there was no way back. */
  dispose(): void {
    for (const entry of this.entries.splice(0)) free(entry)
  }
}

/** Adds to the gradient of a tensor. */
function add(gradients: Map<tf.Tensor, tf.Tensor>, tensor: tf.Tensor, gradient: tf.Tensor): void {
  const before = gradients.get(tensor)
  gradients.set(tensor, before ? tf.add(before, gradient) : tf.clone(gradient))
  before?.dispose()
}

function free({ output, kept }: Entry): void {
  tf.dispose([output, ...kept])
}
