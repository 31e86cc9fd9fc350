import { ACCURACY, type ReportedRow, reported, TRM_PAPER } from './row.js'

/** Returns a line of the table: for each model its accuracy, null when it ran out of memory, and depth. */
function line(k: number, T: number, hrm: [number, number], trm: [number | null, number]): ReportedRow[] {
  const row = (model: string, [value, depth]: [number | null, number], about: string): ReportedRow => {
    // At k = 1, T = 1 the printed depths do not follow from T(n + 1)·layers.
    const note = [about, ...(k === 1 ? ['depth as printed'] : []), ...(value === null ? ['out of memory'] : [])]
    return reported({
      table: '3',
      method: `${model}, k=${k}, T=${T}`,
      task: 'Sudoku-Extreme',
      metric: ACCURACY,
      value,
      depth,
      source: `${TRM_PAPER}, table 3`,
      note: note.join('; '),
    })
  }
  return [row('HRM', hrm, `n = ${k}, 4 layers`), row('TRM', trm, `n = ${2 * k}, 2 layers`)]
}

/** Table 3: recursion on Sudoku-Extreme; HRM has n = k and 4 layers, TRM n = 2k and 2 layers. */
export const table3: readonly ReportedRow[] = [
  line(1, 1, [46.4, 9], [63.2, 7]),
  line(2, 2, [55.0, 24], [81.9, 20]),
  line(3, 3, [61.6, 48], [87.4, 42]),
  line(4, 4, [59.5, 80], [84.2, 72]),
  line(6, 3, [62.3, 84], [null, 78]),
  line(3, 6, [58.8, 96], [85.8, 84]),
  line(6, 6, [57.5, 168], [null, 156]),
].flat()
