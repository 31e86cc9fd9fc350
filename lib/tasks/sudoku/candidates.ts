import { bandTables } from './bands.js'
import type { Geometry } from './box.js'

/** The candidates of every cell at every level of a search, with constraint propagation. */
export interface Candidates {
  /** `[levels, side, bands]` one word per level, digit and band; see {@link bandTables}. */
  readonly words: Int32Array
  /** Words per level. */
  readonly levelWords: number
  readonly bands: number
  readonly bandBits: number
  /** `[cells, bands]` peers of each cell. */
  readonly peers: Int32Array
  /** Initialises level 0 with a puzzle; returns false when equal clues conflict. */
  start(puzzle: ArrayLike<number>): boolean
  /** Places a digit (0…side-1): eliminates it from the cell's peers, and the other digits from the cell. */
  place(level: number, digit: number, band: number, bit: number): void
  /** Places all digits that follow without guessing; returns false on a contradiction. */
  propagate(level: number): boolean
  /** Copies a level to the next one. */
  copy(level: number): void
  /** Returns the digits 1…side of a completed level, `[cells]`. */
  read(level: number): Uint8Array
}

/**
 * Returns candidates as bit sets. Propagation places naked singles and hidden singles in rows, columns and boxes, and
 * eliminates candidates that no placement of a digit in a whole band or stack can use.
 */
export function createCandidates(grid: Geometry): Candidates {
  const { side, cells, boxRows, boxColumns } = grid
  const { bands, bandBits, full, row: rowMask, peers, shrink, ...tables } = bandTables(grid)
  const { rowSegments, rowCells, columnSegments } = tables
  const words = side * bands
  const segment = (1 << boxColumns) - 1
  // One level per guess; each guess fills a cell, so cells + 1 levels suffice.
  const candidates = new Int32Array((cells + 1) * words)
  // Words at the latest examination for hidden singles.
  const examined = new Int32Array((cells + 1) * words)
  const placed = new Int32Array((cells + 1) * bands)
  const columnsOf = new Int32Array(bands)

  function place(level: number, digit: number, band: number, bit: number): void {
    const base = level * words
    const cell = band * bandBits + 31 - Math.clz32(bit)
    for (let w = base + band; w < base + words; w += bands) candidates[w]! &= ~bit
    const own = base + digit * bands
    for (let b = 0; b < bands; b++) candidates[own + b]! &= ~peers[cell * bands + b]!
    candidates[own + band]! |= bit
    placed[level * bands + band]! |= bit
  }

  /** Places naked singles. Returns -1 when a cell has no candidate, 1 when it placed some, else 0. */
  function nakedSingles(level: number): -1 | 0 | 1 {
    const base = level * words
    let outcome: 0 | 1 = 0
    for (let band = 0; band < bands; band++) {
      let once = 0
      let twice = 0
      for (let w = base + band; w < base + words; w += bands) {
        const c = candidates[w]!
        twice |= once & c
        once |= c
      }
      if (once !== full) return -1
      let singles = once & ~twice & ~placed[level * bands + band]!
      while (singles !== 0) {
        const bit = singles & -singles
        singles ^= bit
        let digit = 0
        while (digit < side && (candidates[base + digit * bands + band]! & bit) === 0) digit++
        if (digit === side) return -1
        place(level, digit, band, bit)
        outcome = 1
      }
    }
    return outcome
  }

  /** Places hidden singles of rows and columns, and eliminates candidates that no placement can use. */
  function hiddenSingles(level: number): -1 | 0 | 1 {
    let outcome: 0 | 1 = 0
    for (let digit = 0; digit < side; digit++) {
      const own = level * words + digit * bands
      let stale = false
      for (let band = 0; band < bands; band++) if (candidates[own + band] !== examined[own + band]) stale = true
      if (!stale) continue
      for (let band = 0; band < bands; band++) {
        const found = examineBand(level, digit, band)
        if (found < 0) return -1
        if (found > 0) outcome = 1
      }
      const found = examineStacks(level, digit)
      if (found < 0) return -1
      if (found > 0) outcome = 1
      for (let band = 0; band < bands; band++) examined[own + band] = candidates[own + band]!
    }
    return outcome
  }

  function examineBand(level: number, digit: number, band: number): -1 | 0 | 1 {
    const at = level * words + digit * bands + band
    const word = candidates[at]!
    let segments = 0
    for (let r = 0; r < boxRows; r++) segments |= shrink[(word >> (r * side)) & rowMask]! << (r * boxRows)
    const usable = rowSegments[segments]!
    if (usable === 0) return -1
    let outcome: 0 | 1 = 0
    if (usable !== segments) {
      candidates[at] = word & rowCells[usable]!
      outcome = 1
    }
    for (let r = 0; r < boxRows; r++) {
      const cellsLeft = candidates[at]! & (rowMask << (r * side))
      if ((cellsLeft & (cellsLeft - 1)) !== 0 || (cellsLeft & placed[level * bands + band]!) !== 0) continue
      if (cellsLeft === 0) return -1
      place(level, digit, band, cellsLeft)
      outcome = 1
    }
    return outcome
  }

  function examineStacks(level: number, digit: number): -1 | 0 | 1 {
    const own = level * words + digit * bands
    let outcome: 0 | 1 = 0
    let once = 0
    let twice = 0
    for (let band = 0; band < bands; band++) {
      const word = candidates[own + band]!
      let columns = 0
      for (let r = 0; r < boxRows; r++) {
        const x = (word >> (r * side)) & rowMask
        twice |= once & x
        once |= x
        columns |= x
      }
      columnsOf[band] = columns
    }
    if (once !== rowMask) return -1
    for (let stack = 0; stack < boxRows; stack++) {
      const shift = stack * boxColumns
      let segments = 0
      for (let band = 0; band < bands; band++)
        segments |= ((columnsOf[band]! >> shift) & segment) << (band * boxColumns)
      const usable = columnSegments[segments]!
      if (usable === 0) return -1
      if (usable === segments) continue
      outcome = 1
      for (let band = 0; band < bands; band++) {
        const struck = (((segments & ~usable) >> (band * boxColumns)) & segment) << shift
        for (let r = 0; r < boxRows; r++) candidates[own + band]! &= ~(struck << (r * side))
      }
    }
    let singles = once & ~twice
    while (singles !== 0) {
      const column = singles & -singles
      singles ^= column
      for (let band = 0; band < bands; band++)
        for (let r = 0; r < boxRows; r++) {
          const bit = candidates[own + band]! & (column << (r * side))
          if (bit === 0 || (bit & placed[level * bands + band]!) !== 0) continue
          place(level, digit, band, bit)
          outcome = 1
        }
    }
    return outcome
  }

  function propagate(level: number): boolean {
    for (;;) {
      let found = nakedSingles(level)
      while (found > 0) found = nakedSingles(level)
      if (found < 0) return false
      const hidden = hiddenSingles(level)
      if (hidden < 0) return false
      if (hidden === 0) return true
    }
  }

  function copy(level: number): void {
    for (let w = level * words, end = w + words; w < end; w++) {
      candidates[w + words] = candidates[w]!
      examined[w + words] = examined[w]!
    }
    for (let b = level * bands, end = b + bands; b < end; b++) placed[b + bands] = placed[b]!
  }

  function read(level: number): Uint8Array {
    const digits = new Uint8Array(cells)
    for (let digit = 0; digit < side; digit++)
      for (let band = 0; band < bands; band++)
        for (let left = candidates[level * words + digit * bands + band]!; left !== 0; left &= left - 1)
          digits[band * bandBits + 31 - Math.clz32(left & -left)] = digit + 1
    return digits
  }

  function start(puzzle: ArrayLike<number>): boolean {
    candidates.fill(full, 0, words)
    examined.fill(-1, 0, words)
    placed.fill(0, 0, bands)
    for (let cell = 0; cell < cells; cell++) {
      const digit = puzzle[cell]! - 1
      if (digit < 0) continue
      const band = Math.floor(cell / bandBits)
      const bit = 1 << (cell % bandBits)
      if ((candidates[digit * bands + band]! & bit) === 0) return false
      place(0, digit, band, bit)
    }
    return true
  }

  return { words: candidates, levelWords: words, bands, bandBits, peers, start, place, propagate, copy, read }
}
