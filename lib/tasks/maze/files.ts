import type { MakeOptions } from '../../data/progress.js'
import { readPuzzleCsv } from '../../data/puzzle-csv.js'
import { type FileOrder, type FileSplits, splitsFromFiles } from '../../data/puzzle-splits.js'
import { mazeFormat, mazeTwins } from './parse.js'

/**
 * Takes the splits out of one or two CSV files, see {@link splitsFromFiles}. Turned and mirrored twins are kept apart.
 *
 * @throws UserError for bad lines, repeated lines, labels that are no shortest path, and fewer mazes than asked for.
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
