import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { loadRun } from '../../lib/experiment/run/load.js'
import { readBytes, sha256 } from '../../lib/files/atomic.js'
import { readSafetensors } from '../../lib/files/safetensors.js'
import { checkSeal } from '../../lib/files/sealed.js'
import { checkpointState } from '../../lib/results/checkpoint.js'
import { checkpointFile, FILES } from '../../lib/results/layout.js'
import { openRun } from '../../lib/results/run.js'
import { timeless } from '../timeless.js'

/** Returns everything that a run's folder holds, apart from times, energies, the run's name and where it was made. */
export function contentOf(run: string, resultsDir: string): object {
  const { dir, state, status } = openRun(run, resultsDir)
  const { metrics, evaluations } = loadRun(run, resultsDir)
  const { step, trainSteps, parameters, ended, checkpoint, message } = status
  return {
    ...{ state, step, trainSteps, parameters, ended, checkpoint, message },
    config: readFileSync(path.join(dir, FILES.config), 'utf8'),
    metrics: timeless(metrics),
    evaluations: timeless(evaluations),
    checkpoints: status.checkpoints.map((kept) => checkpointOf(path.join(dir, checkpointFile(kept.step)))),
    outcomes: readdirSync(dir).includes(FILES.outcomes) ? sha256(readFileSync(path.join(dir, FILES.outcomes))) : null,
    files: readdirSync(dir).sort(),
  }
}

/** Returns the state in a checkpoint without the time that it took, and the hash of each tensor's bytes. */
function checkpointOf(file: string): object {
  const bytes = readBytes(file)
  checkSeal(bytes, file)
  const { tensors, metadata } = readSafetensors(bytes, file)
  const { spent: _, ...state } = checkpointState(metadata, file)
  const hashes = [...tensors].map(([name, { data, shape }]) => {
    return [name, shape, sha256(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))]
  })
  return { state, hashes }
}
