import { createHash } from 'node:crypto'
import { startBackend } from '../../lib/backend/index.js'
import { disposeModel, initialModel } from '../../lib/model/model.js'
import { sudoku } from '../../lib/tasks/sudoku/index.js'
import { rolloutSteps } from '../../lib/think/rollouts.js'
import { rolloutSettings } from '../../lib/think/settings.js'
import { tinyShape } from '../model/tiny.js'

/** Returns a digest of all numbers of some rollouts for each mixer, type and batch, by `mixer dtype batch`. */
export async function digestsOfRollouts(batches: readonly number[]): Promise<Record<string, string>> {
  await startBackend()
  const data = await sudoku({ box: '2x3', clues: 16, train: 1, test: 3, seed: 0 })
  const { vocabSize, seqLen, puzzleIdentifiers } = data.manifest
  const digests: Record<string, string> = {}
  for (const mixer of ['attention', 'mlp'] as const)
    for (const dtype of ['float32', 'bfloat16'] as const) {
      const positions = mixer === 'mlp' ? 'none' : 'rope'
      const shape = tinyShape({ vocabSize, seqLen, puzzleIdentifiers, hidden: 48, mixer, positions })
      const model = initialModel(shape, 2).with({ dtype })
      for (const batch of batches) {
        const rows: string[] = []
        const settings = rolloutSettings({ rollouts: 3, depth: 2, noise: 0.3, target: 'both', init: 'random', batch })
        for await (const measures of rolloutSteps(model, data, settings)) {
          const { size, puzzle, rollout, step, hash, qHalt, qContinue, deltaY, deltaZ, deltaLogits, margin } = measures
          for (let i = 0; i < size; i++)
            rows.push(
              [puzzle, rollout, hash, qHalt, qContinue, deltaY, deltaZ, deltaLogits, margin]
                .map((column) => column[i])
                .concat(step)
                .join(),
            )
        }
        digests[`${mixer} ${dtype} ${batch}`] = createHash('sha256').update(rows.sort().join('\n')).digest('hex')
      }
      disposeModel(model)
    }
  return digests
}
