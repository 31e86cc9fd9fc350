import { tableToIPC } from 'apache-arrow'
import { sha256 } from '../files/atomic.js'
import { splitTable } from './arrow.js'
import type { DatasetManifest, Split } from './dataset.js'

/** The Arrow files of a data set that is not yet written, with the SHA-256 each will have. */
export function describeFiles(train: Split, test: Split): DatasetManifest['files'] {
  return {
    train: { name: 'train.arrow', sha256: sha256(tableToIPC(splitTable(train), 'file')) },
    test: { name: 'test.arrow', sha256: sha256(tableToIPC(splitTable(test), 'file')) },
  }
}

/**
 * A data set's hash: over all that a model is trained and tested on, and nothing else, so that the same puzzles read
 * from a file elsewhere are the same data set.
 */
export function datasetHash(manifest: DatasetManifest): string {
  const { formatVersion, task, vocabSize, seqLen, padId, ignoreLabelId, blankId, puzzleIdentifiers, files } = manifest
  const { augmentation } = manifest
  const content = { formatVersion, task, vocabSize, seqLen, padId, ignoreLabelId, blankId, puzzleIdentifiers }
  // What is undefined leaves no trace: data sets without augmentation, identifiers or tests keep their hash.
  return sha256(
    JSON.stringify({
      ...content,
      train: files.train.sha256,
      test: files.test.sha256,
      augmentation,
      identifiers: files.identifiers?.sha256,
      tests: files.tests?.sha256,
    }),
  )
}
