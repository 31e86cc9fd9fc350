/**
 * A maze's cells with a frame of walls around them, so that a step never needs to ask whether it leaves the grid.
 * One board is used for many mazes; distances are kept in arrays of the caller's.
 */
export interface Board {
  readonly size: number
  /** Cells of a row, the frame included: one step down. */
  readonly width: number
  /** `[cells]` where each cell of the maze lies on the board. */
  readonly places: Int32Array
  /** `[board]` 1 where one can walk. */
  readonly open: Uint8Array
  /** `[board]` the cells that the latest {@link Board.search} reached, nearest first. */
  readonly order: Int32Array
  /** Array for {@link Board.search} to fill. */
  distances(): Int32Array
  /**
   * Breadth-first search: steps from `from` to every cell, -1 where there is no way.
   *
   * @returns how many cells of `order` were reached; the last is one of the farthest
   */
  search(from: number, steps: Int32Array): number
  /** The cell of the maze at a place of the board. */
  cellAt(place: number): number
}

/** A board for mazes of `size` × `size` cells, all walls. */
export function createBoard(size: number): Board {
  const width = size + 2
  const places = Int32Array.from(
    { length: size * size },
    (_, cell) => (Math.floor(cell / size) + 1) * width + (cell % size) + 1,
  )
  const open = new Uint8Array(width * width)
  const order = new Int32Array(size * size)
  return {
    size,
    width,
    places,
    open,
    order,
    distances: () => new Int32Array(width * width),
    search(from, steps) {
      steps.fill(-1)
      steps[from] = 0
      order[0] = from
      let reached = 1
      for (let done = 0; done < reached; done++) {
        const place = order[done]!
        const next = steps[place]! + 1
        const up = place - width
        const down = place + width
        if (open[up] === 1 && steps[up]! < 0) {
          steps[up] = next
          order[reached++] = up
        }
        if (open[place - 1] === 1 && steps[place - 1]! < 0) {
          steps[place - 1] = next
          order[reached++] = place - 1
        }
        if (open[place + 1] === 1 && steps[place + 1]! < 0) {
          steps[place + 1] = next
          order[reached++] = place + 1
        }
        if (open[down] === 1 && steps[down]! < 0) {
          steps[down] = next
          order[reached++] = down
        }
      }
      return reached
    },
    cellAt: (place) => (Math.floor(place / width) - 1) * size + (place % width) - 1,
  }
}
