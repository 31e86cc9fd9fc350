/** The definition of a column of a run's metrics or evaluations. */
export interface MetricEntry {
  /** Column name; `k` in it stands for a number. */
  readonly metric: string
  readonly group: 'test' | 'train' | 'both'
  /** `share` (0 to 1, shown in percent), `s`, or the counted thing. */
  readonly unit: string
  readonly meaning: string
}

const halted = 'Over the rows that halted in the step; null where none has.'
const known = 'Over puzzles whose answers are known; null where none is.'

/** Every metric by its column in `metrics.arrow` and `evaluations.arrow`, which notebooks and `--json` also use. */
export const metricGlossary: readonly MetricEntry[] = [
  {
    metric: 'test.exact',
    group: 'test',
    unit: 'share',
    meaning: `Test puzzles whose every cell is right: the number that the papers report. For ARC it counts versions of a test pair, not votes; see test.pass@k. ${known}`,
  },
  {
    metric: 'test.cells',
    group: 'test',
    unit: 'share',
    meaning: `Cells that are right, averaged over the test puzzles. ${known}`,
  },
  {
    metric: 'test.haltAccuracy',
    group: 'test',
    unit: 'share',
    meaning: `Test puzzles where the halting head (q_halt ≥ 0) says rightly whether the answer is right: the published q_halt_accuracy. A head that always says no is right wherever every answer is wrong; see test.halted. ${known}`,
  },
  {
    metric: 'test.halted',
    group: 'test',
    unit: 'share',
    meaning: 'Test puzzles whose halting head says after the last step that they are done.',
  },
  {
    metric: 'test.valid',
    group: 'test',
    unit: 'share',
    meaning:
      'Test puzzles whose predicted answer is right by the rules of the task, whether it is the stored one or another. Of all puzzles; absent for tasks without a judge (ARC, tokens).',
  },
  {
    metric: 'test.optimal',
    group: 'test',
    unit: 'share',
    meaning: 'Mazes: test puzzles whose predicted path is valid and as short as the shortest possible.',
  },
  {
    metric: 'test.pass@k',
    group: 'test',
    unit: 'share',
    meaning:
      'ARC: test inputs whose answer is among the k candidates with the most votes over all versions. The papers report pass@2.',
  },
  {
    metric: 'test.carriedEvaluations',
    group: 'test',
    unit: 'evaluations',
    meaning: 'ARC with carryVotes: earlier evaluations whose votes are counted too.',
  },
  {
    metric: 'test.NAME',
    group: 'test',
    unit: '',
    meaning: `A metric of your own, a function given in a notebook or a program: { metrics: { NAME } } among the options of train, sweep and evaluateRun. Its mean, drawn and shown as it is. ${known}`,
  },
  {
    metric: 'puzzles',
    group: 'test',
    unit: 'puzzles',
    meaning: 'Test puzzles, with their versions, that were evaluated.',
  },
  {
    metric: 'scored',
    group: 'test',
    unit: 'puzzles',
    meaning:
      'Those among the puzzles whose answers are known: test.exact, test.cells and test.haltAccuracy are of these.',
  },
  {
    metric: 'scoredTasks',
    group: 'test',
    unit: 'tasks',
    meaning: 'ARC: test tasks whose answers are known: test.pass@k is averaged over these.',
  },
  {
    metric: 'train.loss',
    group: 'train',
    unit: 'nats a row',
    meaning: 'What is minimised: train.lmLoss and half of the losses of the halting head, a row of the batch.',
  },
  {
    metric: 'train.lmLoss',
    group: 'train',
    unit: 'nats a row',
    meaning: 'Cross-entropy of the answer, averaged over the cells of a row.',
  },
  {
    metric: 'train.haltLoss',
    group: 'train',
    unit: 'nats a row',
    meaning: 'Binary cross-entropy of q_halt: does it say whether the answer is right?',
  },
  {
    metric: 'train.continueLoss',
    group: 'train',
    unit: 'nats a row',
    meaning: 'Binary cross-entropy of q_continue, with halting=continue only.',
  },
  {
    metric: 'train.exact',
    group: 'train',
    unit: 'share',
    meaning: `Training puzzles whose every cell is right. ${halted}`,
  },
  { metric: 'train.cells', group: 'train', unit: 'share', meaning: `Cells that are right. ${halted}` },
  {
    metric: 'train.haltAccuracy',
    group: 'train',
    unit: 'share',
    meaning: `Puzzles where the halting head says rightly whether the answer is right. ${halted}`,
  },
  {
    metric: 'train.halted',
    group: 'train',
    unit: 'share',
    meaning: `Puzzles whose halting head says that they are done; the others had made K steps. ${halted}`,
  },
  {
    metric: 'supervisionSteps',
    group: 'both',
    unit: 'steps',
    meaning: 'Mean supervision steps of a puzzle: until it halted in training, those that were made in evaluation.',
  },
  { metric: 'lr', group: 'train', unit: '', meaning: 'Learning rate of the step, as the schedule has it.' },
  { metric: 'step', group: 'both', unit: 'steps', meaning: 'Optimiser steps made so far.' },
  {
    metric: 'trainSeconds',
    group: 'both',
    unit: 's',
    meaning: 'Seconds of training so far, evaluations and saves not counted.',
  },
  {
    metric: 'evaluationSeconds',
    group: 'test',
    unit: 's',
    meaning: 'Seconds of the evaluation; in a list of runs those of all evaluations of a run.',
  },
]

/** Returns the name of a custom metric from its column `test.NAME` of evaluations; null for any other column. */
export function ownMetric(column: string): string | null {
  return column.startsWith('test.') && !metricEntry(column) ? column.slice('test.'.length) : null
}

/** Returns the entry of a column, e.g. of `test.pass@2`; undefined if it is not a metric. */
export function metricEntry(column: string): MetricEntry | undefined {
  const name = column.replace(/@\d+$/, '@k')
  return metricGlossary.find(({ metric }) => metric === name)
}
