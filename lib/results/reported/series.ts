import { ACCURACY, type ReportedRow, reported } from './row.js'

/** Quantity that varies along a published curve. */
export type ReportedX = 'sigma' | 'K' | 'D' | 'epsilon' | 'iterations' | 'loops' | 'steps'

/** A point of a published curve. */
export interface ReportedPoint extends ReportedRow {
  /** Name of the curve, e.g. `ptrm.sudoku.sigma.pass`. */
  readonly series: string
  /** Quantity that varies along the curve. */
  readonly x: ReportedX
  /** Value of that quantity. */
  readonly at: number
  readonly value: number
  /** Part of the source that gives the value. Values read off a figure are exact to about 0.03. */
  readonly readFrom: 'figure' | 'table' | 'text'
}

/** A published curve. */
export interface ReportedCurve
  extends Pick<ReportedPoint, 'series' | 'x' | 'method' | 'task' | 'metric' | 'readFrom' | 'note' | 'source'> {
  readonly xs: readonly number[]
  /** `[xs]` in the metric's unit. */
  readonly ys: readonly number[]
}

/** A curve as it is listed below. */
interface Listed extends Omit<ReportedCurve, 'metric' | 'note'> {
  /** Default: {@link ACCURACY}. */
  readonly metric?: string
  readonly note?: string
}

function series({ metric = ACCURACY, note, ...about }: Listed): ReportedCurve {
  return { ...about, metric, note: note ?? null }
}

/** Returns a row for every point of a curve. */
export function pointsOf({ series, x, xs, ys, readFrom, ...about }: ReportedCurve): ReportedPoint[] {
  return xs.map((at, i) => {
    const row = reported({ table: 'series', ...about, value: ys[i]! })
    return { ...row, series, x, at, readFrom }
  })
}

const SIGMAS = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]

/** Published curves of test-time compute: noise σ, rollouts K, supervision steps D, radius ε of a random start. */
export const reportedCurves: readonly ReportedCurve[] = [
  series({
    series: 'ptrm.sudoku.sigma.pass',
    method: 'PTRM, pass@K',
    task: 'Sudoku-Extreme',
    x: 'sigma',
    xs: SIGMAS,
    ys: [98.5, 98.4, 98.73, 98.6, 99.07, 99.0, 99.27, 98.93, 98.5, 97.47],
    readFrom: 'figure',
    note: 'pass@25, D=16, 1000 puzzles, 3 seeds',
    source: 'arXiv 2605.19943 Figure 7',
  }),
  series({
    series: 'ptrm.sudoku.sigma.bestq',
    method: 'PTRM, best-Q@K',
    task: 'Sudoku-Extreme',
    x: 'sigma',
    xs: SIGMAS,
    ys: [98.47, 98.37, 98.53, 96.7, 93.43, 88.87, 86.67, 85.0, 83.2, 81.63],
    readFrom: 'figure',
    note: 'best-Q@25, D=16',
    source: 'arXiv 2605.19943 Figure 7',
  }),
  series({
    series: 'ptrm.sudoku.sigma.mode',
    method: 'PTRM, mode@K',
    task: 'Sudoku-Extreme',
    x: 'sigma',
    xs: SIGMAS,
    ys: [89.83, 90.03, 90.3, 89.63, 88.1, 82.9, 72.77, 58.6, 44.0, 32.7],
    readFrom: 'figure',
    note: 'mode@25, D=16',
    source: 'arXiv 2605.19943 Figure 7',
  }),
  series({
    series: 'ptrm.maze.sigma.pass',
    method: 'PTRM, pass@K',
    task: 'Maze-Hard',
    x: 'sigma',
    xs: SIGMAS,
    ys: [86.07, 88.0, 89.27, 90.07, 91.43, 92.57, 93.8, 94.7, 95.13, 95.63],
    readFrom: 'figure',
    note: 'pass@100, D=16',
    source: 'arXiv 2605.19943 Figure 7',
  }),
  series({
    series: 'ptrm.maze.sigma.bestq',
    method: 'PTRM, best-Q@K',
    task: 'Maze-Hard',
    x: 'sigma',
    xs: SIGMAS,
    ys: [84.6, 84.83, 85.03, 84.9, 84.63, 84.47, 84.47, 84.93, 85.47, 85.17],
    readFrom: 'figure',
    note: 'best-Q@100, D=16',
    source: 'arXiv 2605.19943 Figure 7',
  }),
  series({
    series: 'ptrm.maze.sigma.mode',
    method: 'PTRM, mode@K',
    task: 'Maze-Hard',
    x: 'sigma',
    xs: SIGMAS,
    ys: [83.87, 84.07, 84.27, 84.57, 84.9, 84.93, 85.23, 85.77, 86.43, 86.73],
    readFrom: 'figure',
    note: 'mode@100, D=16',
    source: 'arXiv 2605.19943 Figure 7',
  }),
  series({
    series: 'ptrm.arc2.sigma.pass',
    method: 'PTRM, pass@K',
    task: 'ARC-AGI-2',
    metric: 'right puzzles and augmentations (%)',
    x: 'sigma',
    xs: SIGMAS,
    ys: [4.66, 4.94, 5.15, 5.31, 5.4, 5.44, 5.43, 5.37, 5.26, 5.15],
    readFrom: 'figure',
    note: 'pass@25 per puzzle and augmentation, D=16',
    source: 'arXiv 2605.19943 Figure 7',
  }),
  series({
    series: 'ptrm.arc2.sigma.bestq',
    method: 'PTRM, best-Q@K',
    task: 'ARC-AGI-2',
    metric: 'right puzzles and augmentations (%)',
    x: 'sigma',
    xs: SIGMAS,
    ys: [4.35, 4.4, 4.41, 4.43, 4.44, 4.43, 4.4, 4.29, 4.16, 4.01],
    readFrom: 'figure',
    note: 'best-Q@25',
    source: 'arXiv 2605.19943 Figure 7',
  }),
  series({
    series: 'ptrm.arc2.sigma.mode',
    method: 'PTRM, mode@K',
    task: 'ARC-AGI-2',
    metric: 'right puzzles and augmentations (%)',
    x: 'sigma',
    xs: SIGMAS,
    ys: [4.2, 4.21, 4.2, 4.19, 4.15, 4.07, 3.96, 3.82, 3.65, 3.47],
    readFrom: 'figure',
    note: 'mode@25',
    source: 'arXiv 2605.19943 Figure 7',
  }),
  series({
    series: 'ptrm.ppbench.k.pass',
    method: 'PTRM, pass@K',
    task: 'PPBench, validation',
    x: 'K',
    xs: [1, 5, 10, 25, 100],
    ys: [76.4, 83.33, 84.66, 87.31, 90.27],
    readFrom: 'figure',
    source: 'arXiv 2605.19943 Figure 6',
  }),
  series({
    series: 'ptrm.ppbench.k.bestq',
    method: 'PTRM, best-Q@K',
    task: 'PPBench, validation',
    x: 'K',
    xs: [1, 5, 10, 25, 100],
    ys: [76.4, 83.33, 84.51, 87.17, 89.53],
    readFrom: 'figure',
    source: 'arXiv 2605.19943 Figure 6',
  }),
  series({
    series: 'ptrm.ppbench.k.mode',
    method: 'PTRM, mode@K',
    task: 'PPBench, validation',
    x: 'K',
    xs: [1, 5, 10, 25, 100],
    ys: [76.4, 76.25, 76.4, 77.44, 77.73],
    readFrom: 'figure',
    source: 'arXiv 2605.19943 Figure 6',
  }),
  series({
    series: 'ptrm.q.right',
    method: 'TRM',
    task: 'PPBench, validation',
    metric: 'mean q logit, right answers (69)',
    x: 'D',
    xs: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
    ys: [-3.82, -0.15, 1.81, 3.11, 3.58, 4.26, 4.34, 4.58, 4.82, 5.08, 5.26, 5.43, 5.89, 6.04, 6.26, 6.42],
    readFrom: 'figure',
    source: 'arXiv 2605.19943 Figure 3',
  }),
  series({
    series: 'ptrm.q.wrong',
    method: 'TRM',
    task: 'PPBench, validation',
    metric: 'mean q logit, wrong answers (28)',
    x: 'D',
    xs: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
    ys: [-6.76, -5.3, -5.58, -5.3, -5.89, -5.64, -5.8, -6.05, -5.72, -5.78, -5.5, -5.4, -5.76, -5.64, -5.85, -5.74],
    readFrom: 'figure',
    source: 'arXiv 2605.19943 Figure 3',
  }),
  series({
    series: 'depth.hrm',
    method: 'HRM',
    task: 'Sudoku-Extreme',
    x: 'D',
    xs: [1, 2, 4, 8, 16, 32, 64],
    ys: [1.6, 8.0, 34.8, 48.6, 54.9, 58.0, 59.9],
    readFrom: 'table',
    note: 'public checkpoint, 20k subset, fp32',
    source: 'Fixed-Point-Reasoner-Structures 2026-09-06',
  }),
  series({
    series: 'depth.trm.alphaxiv',
    method: 'TRM-MLP (alphaXiv)',
    task: 'Sudoku-Extreme',
    x: 'D',
    xs: [1, 2, 4, 8, 16, 32, 64, 128, 256],
    ys: [29.5, 58.1, 70.1, 75.7, 79.1, 81.4, 83.5, 84.97, 86.26],
    readFrom: 'table',
    note: '20k subset, fp32',
    source: 'Fixed-Point-Reasoner-Structures 2026-09-06',
  }),
  series({
    series: 'depth.cgar',
    method: 'CGAR',
    task: 'Sudoku-Extreme',
    x: 'D',
    xs: [1, 2, 4, 8, 16, 32, 64, 128, 256],
    ys: [19.4, 55.7, 72.4, 81.0, 86.1, 89.5, 91.7, 93.17, 94.1],
    readFrom: 'table',
    note: '20k subset, fp32',
    source: 'Fixed-Point-Reasoner-Structures 2026-09-06',
  }),
  series({
    series: 'depth.eqr.n0',
    method: 'EqR',
    task: 'Sudoku-Extreme',
    x: 'D',
    xs: [1, 2, 4, 8, 16, 32, 64, 128, 256],
    ys: [8.8, 50.1, 69.1, 80.3, 86.8, 90.7, 93.2, 95.02, 95.88],
    readFrom: 'table',
    note: 'noise 0, 20k subset, fp32',
    source: 'Fixed-Point-Reasoner-Structures 2026-09-06',
  }),
  series({
    series: 'depth.trm.gram-paper',
    method: 'TRM',
    task: 'Sudoku-Extreme',
    x: 'D',
    xs: [16, 320],
    ys: [87.4, 90.5],
    readFrom: 'text',
    source: 'arXiv 2605.19376',
  }),
  series({
    series: 'depth.trm-mlp.hardest',
    method: 'TRM-MLP',
    task: 'Sudoku-Extreme, forum-hardest',
    x: 'D',
    xs: [16, 512],
    ys: [74.4, 91.9],
    readFrom: 'table',
    note: 'cumulative exact, 1000 puzzles',
    source: 'When recursive models finish computing',
  }),
  series({
    series: 'depth.trm-att.hardest',
    method: 'TRM-Att',
    task: 'Sudoku-Extreme, forum-hardest',
    x: 'D',
    xs: [16, 32, 512],
    ys: [59.2, 66.0, 87.5],
    readFrom: 'table',
    note: 'cumulative exact, 1000 puzzles',
    source: 'When recursive models finish computing',
  }),
  series({
    series: 'depth.sotaku.v1',
    method: 'Sotaku v1',
    task: 'Sudoku-Extreme, 25,000 puzzles',
    x: 'iterations',
    xs: [16, 32, 64, 128, 256, 512, 1024, 2048],
    ys: [81.8, 88.5, 92.5, 95.3, 97.3, 98.5, 98.9, 98.8],
    readFrom: 'table',
    source: 'chenglou/sotaku iters/EXPERIMENTS_ITERS.md',
  }),
  series({
    series: 'depth.sotaku.v2',
    method: 'Sotaku v2',
    task: 'Sudoku-Extreme, 25,000 puzzles',
    x: 'iterations',
    xs: [128, 1024, 2048, 4096],
    ys: [96.29, 99.12, 99.05, 98.63],
    readFrom: 'table',
    note: 'fp32',
    source: 'chenglou/sotaku README v2.0.0',
  }),
  series({
    series: 'loops.ldt',
    method: 'LDT',
    task: 'Sudoku-Extreme',
    x: 'loops',
    xs: [1, 2, 4, 8, 16, 32],
    ys: [17.1, 41.6, 91.9, 98.8, 99.1, 99.0],
    readFrom: 'table',
    note: 'fixed parameters and steps, inside a search',
    source: 'lcrh/lattice-deduction-transformers followups/RESULTS.md',
  }),
  series({
    series: 'gram.mnist.fid',
    method: 'GRAM',
    task: 'MNIST',
    metric: 'FID',
    x: 'steps',
    xs: [8, 256],
    ys: [84.08, 73.34],
    readFrom: 'table',
    source: 'arXiv 2605.19376',
  }),
  series({
    series: 'loopedflow.sudoku',
    method: 'looped flows',
    task: 'Sudoku-Extreme',
    x: 'D',
    xs: [8, 128],
    ys: [74.5, 97.9],
    readFrom: 'text',
    source: 'arXiv 2609.11801',
  }),
  series({
    series: 'init-radius.trm.alphaxiv',
    method: 'TRM-MLP (alphaXiv), random start',
    task: 'Sudoku-Extreme',
    x: 'epsilon',
    xs: [0, 0.03, 0.1, 0.3, 1, 3],
    ys: [81.4, 80.5, 79.9, 81.1, 80.5, 76.4],
    readFrom: 'table',
    note: 'z0 + eps N(0,1), no per-step noise',
    source: 'Fixed-Point-Reasoner-Structures 2026-09-06',
  }),
]
