import { ACCURACY, type ReportedRow, reported, TRM_PAPER } from './row.js'

function row(method: string, latents: number, value: number): ReportedRow {
  const note = `${latents} latent ${latents === 1 ? 'feature' : 'features'}`
  const source = `${TRM_PAPER}, table 2`
  return reported({ table: '2', method, task: 'Sudoku-Extreme', metric: ACCURACY, value, source, note })
}

/** Table 2: latent features on Sudoku-Extreme. */
export const table2: readonly ReportedRow[] = [
  row('TRM, y,z', 2, 87.4),
  row('TRM, multi-scale z', 7, 77.6),
  row('TRM, single z', 1, 71.9),
]
