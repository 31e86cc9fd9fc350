import { ACCURACY, type ReportedRow, reported } from './row.js'

/** Returns results of PTRM: the unmodified model, then K noisy rollouts of D steps, by selection rule. */
function ptrm(task: string, setting: string, plain: number, chosen: Readonly<Record<string, number>>): ReportedRow[] {
  const about = { table: 'scaling', task, source: 'arXiv 2605.19943' }
  const metric = task === 'ARC-AGI-2' ? 'pass@1 (%)' : ACCURACY
  return [
    reported({ ...about, method: 'TRM before PTRM', metric, value: plain }),
    ...Object.entries(chosen).map(([how, value]) =>
      reported({
        ...about,
        method: how === '' ? 'PTRM' : `PTRM, ${how}`,
        metric,
        value,
        note: `noise in z before every supervision step, the first included: ${setting}${how === 'pass@K' ? '; an oracle bound' : ''}`,
      }),
    ),
  ]
}

const steps = { table: 'scaling', task: 'Sudoku-Extreme', metric: ACCURACY }

/** Returns results of a model after its 16 supervision steps, then after more of them at test time. */
function moreSteps(source: string, plain: number, more: number, count: number): ReportedRow[] {
  const note = `${count} supervision steps at test time`
  return [
    reported({ ...steps, method: 'TRM before more steps', value: plain, source }),
    reported({ ...steps, method: 'TRM, more steps', value: more, source, note }),
  ]
}

const guided = { table: 'scaling', metric: ACCURACY, source: 'arXiv 2605.25230' }
const guidedSetting = 'noisy particles re-weighted by q_halt: S=16, N=48, σ=0.3, β=0.25'

function other(method: string, source: string, value: number, note: string, uncertainty?: number): ReportedRow {
  return reported({ ...steps, method, source, value, note, ...(uncertainty === undefined ? {} : { uncertainty }) })
}

/** Results of test-time compute: more steps, noise, starts, samples or search. */
export const scaling: readonly ReportedRow[] = [
  ...moreSteps('alphaXiv, public weights', 79.1, 85.0, 128),
  ...moreSteps('arXiv 2605.19376 (GRAM)', 87.4, 90.5, 320),
  reported({
    ...steps,
    method: 'TRM, more steps',
    value: 96,
    source: "a user's report",
    note: 'about; 128 supervision steps instead of 16 at test time; unconfirmed: public weights measure 85.0 (alphaXiv), 93.2 (CGAR) and 95.0 (EqR)',
  }),
  ...ptrm('Sudoku-Extreme', 'K=100, D=64, σ=0.3', 87.3, { 'best-Q@K': 98.75, 'pass@K': 99.06 }),
  ...ptrm('Maze-Hard', 'K=100, D=16, σ=1.0', 83.8, { 'mode@K': 86.7, 'best-Q@K': 85.2, 'pass@K': 95.6 }),
  ...ptrm('ARC-AGI-2', 'K=25, D=16, σ=0.2', 7.4, { '': 8.5 }),
  reported({
    ...guided,
    method: 'TRM before guided exploration',
    task: 'Sudoku-Extreme',
    value: 85.9,
    uncertainty: 0.6,
  }),
  reported({
    ...guided,
    method: 'guided exploration',
    task: 'Sudoku-Extreme',
    value: 98.0,
    uncertainty: 0.3,
    note: guidedSetting,
  }),
  reported({ ...guided, method: 'TRM before guided exploration', task: 'Maze-Hard', value: 86.6, uncertainty: 2.1 }),
  reported({
    ...guided,
    method: 'guided exploration',
    task: 'Maze-Hard',
    value: 85.3,
    uncertainty: 2.5,
    note: `no gain: the difference is within its error; ${guidedSetting}`,
  }),
  reported({
    ...guided,
    method: 'guided exploration, oracle',
    task: 'Maze-Hard',
    value: 90.9,
    uncertainty: 2.4,
    note: `an oracle bound; ${guidedSetting}`,
  }),
  other('looped flows', 'arXiv 2609.11801', 97.9, '128 steps'),
  other('looped flows, best of 5', 'arXiv 2609.11801', 99.3, '128 steps; the answer with the highest q_halt'),
  other('EqR', 'arXiv 2605.21488', 93.0, 'D=64, 1 start'),
  other(
    'EqR, 128 starts',
    'arXiv 2605.21488',
    99.8,
    'D=64, the answer with the least motion; 98.7 in a rerun by others',
  ),
  other('TRM, halt first', 'arXiv 2601.19085', 97, 'random starts in parallel, the first answer that halts'),
  other('TRM trained winner takes all', 'arXiv 2601.19085', 96.9, '4 starts in training, 1 at test time', 0.6),
  other('Sotaku v2', 'chenglou/sotaku, v2.0.0', 99.12, '1,024 iterations, frozen sample of 25,000 puzzles, float32'),
  other('GRAM', 'arXiv 2605.19376', 97.0, '20 samples, the one that its reward model prefers'),
  other('LDT', 'arXiv 2605.08605', 99.96, 'removes candidates inside a search; corrected from 100'),
]
