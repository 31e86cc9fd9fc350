import { ACCURACY, type ReportedRow, reported, TRM_PAPER } from './row.js'

/** Returns a line of the table; `counts` has both sizes when the two models differ. */
function line(
  method: string,
  parameters: string | null,
  sudoku: number,
  maze: number,
  counts?: readonly [number, number],
): ReportedRow[] {
  return (['Sudoku-Extreme', 'Maze-Hard'] as const).map((task, i) =>
    reported({
      table: '4',
      method,
      task,
      metric: ACCURACY,
      value: i === 0 ? sudoku : maze,
      parameters,
      ...(counts ? { parameterCount: counts[i]! } : {}),
      source: `${TRM_PAPER}, table 4`,
    }),
  )
}

/** Table 4: puzzles, including language models. */
export const table4: readonly ReportedRow[] = [
  line('DeepSeek R1', '671B', 0, 0),
  line('Claude 3.7 8K', null, 0, 0),
  line('o3-mini-high', null, 0, 0),
  line('direct prediction', '27M', 0, 0),
  line('HRM', '27M', 55.0, 74.5),
  line('TRM-Att', '7M', 74.7, 85.3),
  line('TRM-MLP', '5M/19M', 87.4, 0, [5e6, 19e6]),
].flat()
