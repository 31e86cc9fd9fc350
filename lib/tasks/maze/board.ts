/**
 * The cells of a maze with a frame of walls, so that a step needs no bounds check. One board serves many mazes;
 * distances are stored in arrays of the caller.
 */
export interface Board {
  readonly size: number
  /** Cells per row, frame included; the offset of one step down. */
  readonly width: number
  /** `[cells]` position of each maze cell on the board. */
  readonly places: Int32Array
  /** `[board]` 1 for a free cell. */
  readonly open: Uint8Array
  /** `[board]` cells reached by the latest {@link Board.search}, nearest first. */
  readonly order: Int32Array
  /** Allocates an array for {@link Board.search} to fill. */
  distances(): Int32Array
  /**
   * Breadth-first search: writes the steps from `from` to every cell, -1 for unreachable ones.
   *
   * @returns the number of cells of `order` reached; the last is one of the farthest
   */
  search(from: number, steps: Int32Array): number
  /** Returns the maze cell at a position of the board. */
  cellAt(place: number): number
}

/** Returns a board for mazes of `size` × `size` cells, all walls. */
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
