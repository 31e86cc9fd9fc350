import type { Augmentation } from '../dataset.js'

/** Ways to turn and mirror a square, numbered as for ARC. */
export const DIHEDRAL = 8

/**
 * `[8][size²]` which cell of a grid each cell of its transform is taken from. 0 identity, 1–3 rotations
 * counter-clockwise by 90°, 180°, 270°, 4 left-right flip, 5 up-down flip, 6 transpose, 7 left-right flip of rotation 1.
 */
export function dihedralSources(size: number): readonly Int32Array[] {
  const last = size - 1
  const from: ((row: number, column: number) => [row: number, column: number])[] = [
    (r, c) => [r, c],
    (r, c) => [c, last - r],
    (r, c) => [last - r, last - c],
    (r, c) => [last - c, r],
    (r, c) => [r, last - c],
    (r, c) => [last - r, c],
    (r, c) => [c, r],
    (r, c) => [last - c, last - r],
  ]
  return from.map((source) =>
    Int32Array.from({ length: size * size }, (_, cell) => {
      const [row, column] = source(Math.floor(cell / size), cell % size)
      return row * size + column
    }),
  )
}

/** The 8 transforms as versions of each training puzzle; test puzzles have themselves only. All share one identifier. */
export function dihedralAugment(size: number): Augmentation {
  const sources = dihedralSources(size)
  const cells = size * size
  return {
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
  }
}

/** The transform that comes first in order, as a key that mazes share with their turned and mirrored twins only. */
export function twinForm(input: Uint8Array, sources: readonly Int32Array[]): Uint8Array {
  let least = input
  for (const source of sources.slice(1)) {
    const turned = Uint8Array.from(source, (cell) => input[cell]!)
    if (Buffer.compare(turned, least) < 0) least = turned
  }
  return least
}
