import type { DatasetManifest } from '../../data/dataset.js'
import { UserError } from '../../errors.js'
import type { CheckedDefinition } from './check.js'
import type { SymmetryGroup } from './group.js'

/** The part of a definition that its data sets' manifests keep. */
export function storedDefinition({ rows, columns, symbols }: CheckedDefinition): Record<string, unknown> {
  return { rows, columns, vocabulary: symbols }
}

/** @throws UserError when a stored data set was made by another definition of its task than the one that is known now. */
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
      expected: `those that task ${task} is defined with now, ${JSON.stringify(value)}`,
      found: JSON.stringify(stored[part]) ?? 'none',
      todo: 'Define the task as it was, or build the data set again.',
    })
  }
}
