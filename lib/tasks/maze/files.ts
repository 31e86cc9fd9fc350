import type { MakeOptions } from '../../data/progress.js'
import { readPuzzleCsv } from '../../data/puzzle-csv.js'
import { type FileOrder, type FileSplits, splitsFromFiles } from '../../data/puzzle-splits.js'
import { mazeFormat, mazeTwins } from './parse.js'

/**
 * Draws the splits from one or two CSV files, see {@link splitsFromFiles}. Rotated and reflected twins count as equal.
 *
 * @throws UserError for invalid lines, repeated lines, labels that are not a shortest path, and too few mazes.
 */
export function mazesFromFiles(
  size: number,
  order: FileOrder,
  seed: number,
  make: MakeOptions = {},
): Promise<FileSplits> {
  const format = mazeFormat(size)
  const twins = mazeTwins(size)
  return splitsFromFiles(
    {
      cells: size * size,
      plural: 'mazes',
      likeness: () => twins,
      read: (file, accept) =>
        readPuzzleCsv(file, format, order.minRating > 0, ({ clues, answer, rating, line }) =>
          accept({ clues, solution: answer!, rating: rating!, line }),
        ),
    },
    order,
    seed,
    make,
  )
}
