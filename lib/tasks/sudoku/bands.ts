import type { Geometry } from './box.js'

/**
 * The solver's tables. A digit's candidates are one word per band (row of boxes) with a bit per cell, row after
 * row: 3 words of 27 bits at 9×9. A *segment* is where a row (or column) crosses a box.
 */
export interface BandTables {
  readonly bands: number
  /** Bits of a band: box rows × side. */
  readonly bandBits: number
  /** All cells of a band. */
  readonly full: number
  /** All cells of a row. */
  readonly row: number
  /** `[cells, bands]` the cells that see a cell. */
  readonly peers: Int32Array
  /** `[2^side]` row → one bit per stack that it touches. */
  readonly shrink: Uint8Array
  /** `[2^(boxRows²)]` segments of a band → those that some placement of one per row and box uses; 0: none can be. */
  readonly rowSegments: Uint16Array
  /** `[2^(boxRows²)]` segments → the cells of the band that they cover. */
  readonly rowCells: Int32Array
  /** `[2^(boxColumns²)]` the same for a stack: boxColumns bits per band, one for each column. */
  readonly columnSegments: Uint16Array
}

/** The tables for a grid. */
export function bandTables({ boxRows, boxColumns, side, cells, boxOf }: Geometry): BandTables {
  const bands = boxColumns
  const bandBits = boxRows * side
  const peers = new Int32Array(cells * bands)
  for (let cell = 0; cell < cells; cell++)
    for (let other = 0; other < cells; other++) {
      const sameRow = Math.floor(cell / side) === Math.floor(other / side)
      const sees = sameRow || cell % side === other % side || boxOf[cell] === boxOf[other]
      if (sees && other !== cell) peers[cell * bands + Math.floor(other / bandBits)]! |= 1 << (other % bandBits)
    }
  const segment = (1 << boxColumns) - 1
  const shrink = Uint8Array.from({ length: 1 << side }, (_, row) => {
    let stacks = 0
    for (let stack = 0; stack < boxRows; stack++) if ((row >> (stack * boxColumns)) & segment) stacks |= 1 << stack
    return stacks
  })
  const rowCells = Int32Array.from({ length: 1 << (boxRows * boxRows) }, (_, segments) => {
    let covered = 0
    for (let i = 0; i < boxRows * boxRows; i++)
      if (segments & (1 << i)) covered |= segment << (Math.floor(i / boxRows) * side + (i % boxRows) * boxColumns)
    return covered
  })
  return {
    bands,
    bandBits,
    full: 2 ** bandBits - 1,
    row: (1 << side) - 1,
    peers,
    shrink,
    rowSegments: placements(boxRows),
    rowCells,
    columnSegments: placements(boxColumns),
  }
}

/** For every set of fields of an n×n board: the fields that n rooks, none attacking another, can stand on within it. */
function placements(n: number): Uint16Array {
  const rooks: number[] = []
  const place = (row: number, usedColumns: number, board: number): void => {
    if (row === n) rooks.push(board)
    for (let column = 0; row < n && column < n; column++)
      if (!(usedColumns & (1 << column))) place(row + 1, usedColumns | (1 << column), board | (1 << (row * n + column)))
  }
  place(0, 0, 0)
  return Uint16Array.from({ length: 1 << (n * n) }, (_, fields) =>
    rooks.reduce((union, board) => ((board & fields) === board ? union | board : union), 0),
  )
}
