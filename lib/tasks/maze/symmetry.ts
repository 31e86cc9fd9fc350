import { withSpec } from '../../data/augmentation-spec.js'
import type { Augmentation } from '../../data/dataset.js'
import { TRANSFORMS as DIHEDRAL, dihedralWalk } from '../arc/dihedral.js'
import type { GridSymmetry } from '../task.js'

/**
 * Returns the source of each cell under each transform, `[8][size²]`: 0 identity, 1–3 rotations counter-clockwise by
 * 90°, 180°, 270°, 4 left-right flip, 5 up-down flip, 6 transpose, 7 left-right flip of rotation 1.
 */
export function dihedralSources(size: number): readonly Int32Array[] {
  return Array.from({ length: DIHEDRAL }, (_, transform) => {
    const { start, down, right } = dihedralWalk(size, size, transform)
    return Int32Array.from(
      { length: size * size },
      (_, cell) => start + Math.floor(cell / size) * down + (cell % size) * right,
    )
  })
}

/**
 * Returns the 8 transforms as versions of each training puzzle; a test puzzle has only itself. All versions share one
 * identifier.
 */
export function dihedralAugment(size: number): Augmentation {
  const sources = dihedralSources(size)
  const cells = size * size
  return withSpec(
    { task: 'maze', parts: { size } },
    {
      versions: (split) => (split.name === 'train' ? DIHEDRAL : 1),
      puzzleId: (split, example) => split.puzzleIds[example]!,
      write(split, example, version, _seed, inputs, labels, offset) {
        const source = sources[version]!
        const start = example * cells
        for (let cell = 0; cell < cells; cell++) {
          inputs[offset + cell] = split.inputs[start + source[cell]!]!
          labels[offset + cell] = split.labels[start + source[cell]!]!
        }
      },
    },
  )
}

/** Returns the 8 rotations and reflections of square grids, which leave the tokens as they are. */
export function dihedralSymmetries(size: number, vocabSize: number): readonly GridSymmetry[] {
  const tokens = Uint8Array.from({ length: vocabSize }, (_, token) => token)
  return dihedralSources(size).map((cells) => ({ cells, tokens }))
}

/** Returns the least transform in order: a key that mazes share exactly with their rotated and reflected twins. */
export function twinForm(input: Uint8Array, sources: readonly Int32Array[]): Uint8Array {
  let least = input
  for (const source of sources.slice(1)) {
    const turned = Uint8Array.from(source, (cell) => input[cell]!)
    if (Buffer.compare(turned, least) < 0) least = turned
  }
  return least
}
