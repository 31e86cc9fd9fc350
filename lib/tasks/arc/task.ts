import type { Table } from 'apache-arrow'
import type { Dataset, DatasetManifest } from '../../data/dataset.js'
import { UserError } from '../../errors.js'
import { arcAugment } from './augment.js'
import { boardOf, drawBoard } from './draw.js'
import { identifiersFromTable, identifiersTable, testsTable, testTasksFromTable } from './tables.js'

/** What of an ARC data set is stored beside its splits. */
interface ArcTables {
  readonly identifiers: Table | null
  readonly tests: Table | null
}

/**
 * A stored ARC data set's parts. Without words on augmentation in its manifest all versions are stored, and none are made.
 *
 * @throws UserError when its identifiers or test tasks are missing or damaged, or its board is no square.
 */
export function arcTask(manifest: DatasetManifest): {
  open(stored: ArcTables): Pick<Dataset, 'augment' | 'identifiers' | 'testTasks' | 'tables'>
  draw(tokens: ArrayLike<number>): string
} {
  const board = boardOf(manifest)
  const { seed, augmentation } = manifest
  return {
    open(stored) {
      if (!stored.identifiers || !stored.tests)
        throw new UserError({
          where: 'manifest of the data set',
          expected: 'identifiers and tests among its files',
          found: stored.identifiers ? 'no tests' : 'no identifiers',
          todo: 'Build the data set again.',
        })
      const identifiers = identifiersFromTable(stored.identifiers)
      const testTasks = testTasksFromTable(stored.tests)
      const augment = augmentation === undefined ? null : arcAugment({ identifiers, seed, board })
      const tables = { identifiers: identifiersTable(identifiers), tests: testsTable(testTasks) }
      return { augment, identifiers, testTasks, tables }
    },
    draw: (tokens) => drawBoard(tokens, board),
  }
}
