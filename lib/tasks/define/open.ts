import type { DatasetManifest } from '../../data/dataset.js'
import { UserError } from '../../errors.js'
import type { CheckedDefinition } from './check.js'
import type { SymmetryGroup } from './group.js'

/** Returns the part of a definition that manifests of its data sets store. */
export function storedDefinition({ rows, columns, symbols }: CheckedDefinition): Record<string, unknown> {
  return { rows, columns, vocabulary: symbols }
}

/** Checks a stored data set against the current definition of its task. @throws UserError when they differ. */
export function checkSameDefinition(
  { task, options, augmentation }: DatasetManifest,
  definition: CheckedDefinition,
  group: SymmetryGroup | null,
): void {
  const known = { ...storedDefinition(definition), symmetries: group?.words ?? 'none' }
  const stored: Record<string, unknown> = { ...options, symmetries: augmentation ?? 'none' }
  for (const [part, value] of Object.entries(known)) {
    if (JSON.stringify(value) === JSON.stringify(stored[part])) continue
    throw new UserError({
      where: `manifest of the data set, ${part}`,
      expected: `the current definition of task ${task}, ${JSON.stringify(value)}`,
      found: JSON.stringify(stored[part]) ?? 'none',
      todo: 'Restore the definition, or build the data set again.',
    })
  }
}
