import { parseConfig } from '../config/parse.js'
import { UserError } from '../errors.js'
import { readBytes, writeFileAtomic } from '../files/atomic.js'
import { parseJson } from '../files/json.js'
import { placeToRead } from '../files/places.js'
import { float32Tensors, readSafetensors } from '../files/safetensors.js'
import { checkSeal, sealedPieces } from '../files/sealed.js'
import { CHECKPOINT_FORMAT } from '../interop/weights-format.js'
import { checkpointState } from '../results/checkpoint.js'
import type { Snapshot } from '../train/snapshot.js'
import type { TrainerState } from './trainer.js'

/**
 * Writes a trainer's state as a checkpoint, which `recurlab eval` and `export` also read. The write is atomic: a kill at
 * any moment leaves either the old file or the new one.
 *
 * @throws UserError if it cannot be written.
 */
export function writeTrainerFile(file: string, { config, dataHash, snapshot }: TrainerState): void {
  const { tensors, state } = snapshot
  const about = { format: CHECKPOINT_FORMAT, state: JSON.stringify(state), config: JSON.stringify(config), dataHash }
  writeFileAtomic(file, sealedPieces(tensors, about))
}

/** Reads a file of {@link writeTrainerFile}. @throws UserError if it is not such a file, or is damaged. */
export function readTrainerFile(named: string): TrainerState {
  const file = placeToRead(named)
  const bytes = readBytes(file)
  checkSeal(bytes, file)
  const { tensors, metadata } = readSafetensors(bytes, file)
  const state = checkpointState(metadata, file)
  const { config, dataHash } = metadata
  if (config === undefined || dataHash === undefined)
    throw new UserError({ where: file, expected: 'a configuration and the hash of its data', found: 'none' })
  return {
    config: parseConfig(parseJson(config, `${file}, config`)),
    dataHash,
    snapshot: { tensors: float32Tensors(tensors), state: state as unknown as Snapshot['state'] },
  }
}
