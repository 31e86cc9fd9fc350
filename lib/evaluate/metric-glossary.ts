import { allTasks } from '../tasks/registry.js'

/** The definition of a column of a run's metrics or evaluations. */
export interface MetricEntry {
  /** Column name; `k` in it stands for a number. */
  readonly metric: string
  readonly group: 'test' | 'train' | 'both'
  /** `share` (0 to 1, shown in percent), `s`, or the counted thing. */
  readonly unit: string
  readonly meaning: string
}

const halted = 'Over the rows that halted in the step; null if none halted.'
const known = 'Over puzzles with known answers; null if there are none.'

const all = '; in a list of runs, of all evaluations of a run.'
const energy =
  ', of all that runs on the machine\'s processors (RAPL). Absent where the machine does not tell it; "machine.energy" in provenance.json says why.'

/** Every metric by its column in `metrics.arrow` and `evaluations.arrow`, which notebooks and `--json` also use. */
export const metricGlossary: readonly MetricEntry[] = [
  {
    metric: 'test.exact',
    group: 'test',
    unit: 'share',
    meaning: `Test puzzles with every cell correct: the number that the papers report. For ARC it counts versions of a test pair, not votes; see test.pass@k. ${known}`,
  },
  {
    metric: 'test.cells',
    group: 'test',
    unit: 'share',
    meaning: `Correct cells, averaged over the test puzzles. ${known}`,
  },
  {
    metric: 'test.haltAccuracy',
    group: 'test',
    unit: 'share',
    meaning: `Test puzzles where the halting head (q_halt ≥ 0) correctly predicts whether the answer is correct: the published q_halt_accuracy. A head that never halts scores 100 % if every answer is wrong; see test.halted. ${known}`,
  },
  {
    metric: 'test.halted',
    group: 'test',
    unit: 'share',
    meaning: 'Test puzzles whose halting head chooses to halt after the last step.',
  },
  {
    metric: 'test.valid',
    group: 'test',
    unit: 'share',
    meaning:
      'Test puzzles whose predicted answer is correct by the rules of the task, equal to the stored one or not. Over all puzzles; absent for tasks without a judge (ARC, tokens).',
  },
  ...criteriaOfTasks(),
  {
    metric: 'test.pass@k',
    group: 'test',
    unit: 'share',
    meaning:
      'With votes (ARC): test inputs whose answer is among the k candidates with the most votes over all versions. The papers report pass@2.',
  },
  {
    metric: 'test.carriedEvaluations',
    group: 'test',
    unit: 'evaluations',
    meaning: 'With carryVotes: number of earlier evaluations whose votes are included.',
  },
  {
    metric: 'test.NAME',
    group: 'test',
    unit: '',
    meaning: `The mean of a custom metric, a function passed in a notebook or a program: { metrics: { NAME } } in the options of train, sweep and evaluateRun. Shown without conversion. ${known}`,
  },
  {
    metric: 'weights',
    group: 'test',
    unit: '',
    meaning: 'Evaluated weights, ema or live; present with evalWeights. With both, each evaluation has two rows.',
  },
  {
    metric: 'puzzles',
    group: 'test',
    unit: 'puzzles',
    meaning: 'Evaluated test puzzles, counting all versions.',
  },
  {
    metric: 'scored',
    group: 'test',
    unit: 'puzzles',
    meaning: 'Puzzles with known answers: test.exact, test.cells and test.haltAccuracy are over these.',
  },
  {
    metric: 'scoredCells',
    group: 'test',
    unit: 'cells',
    meaning: 'Scored cells of the puzzles with known answers.',
  },
  {
    metric: 'rightCells',
    group: 'test',
    unit: 'cells',
    meaning:
      'Scored cells that are predicted correctly. rightCells/scoredCells is test.cells where all puzzles have as many cells; else test.cells weighs puzzles alike.',
  },
  {
    metric: 'scoredTasks',
    group: 'test',
    unit: 'tasks',
    meaning: 'With votes (ARC): test tasks with known answers, over which test.pass@k is averaged.',
  },
  {
    metric: 'train.loss',
    group: 'train',
    unit: 'nats per row',
    meaning: 'The minimised loss: train.lmLoss plus half of the losses of the halting head, per row of the batch.',
  },
  {
    metric: 'train.lmLoss',
    group: 'train',
    unit: 'nats per row',
    meaning: 'Cross-entropy of the answer, averaged over the cells of a row.',
  },
  {
    metric: 'train.haltLoss',
    group: 'train',
    unit: 'nats per row',
    meaning: 'Binary cross-entropy of q_halt as a prediction of whether the answer is correct.',
  },
  {
    metric: 'train.continueLoss',
    group: 'train',
    unit: 'nats per row',
    meaning: 'Binary cross-entropy of q_continue, with halting=continue only.',
  },
  {
    metric: 'train.exact',
    group: 'train',
    unit: 'share',
    meaning: `Training puzzles with every cell correct. ${halted}`,
  },
  { metric: 'train.cells', group: 'train', unit: 'share', meaning: `Correct cells. ${halted}` },
  {
    metric: 'train.haltAccuracy',
    group: 'train',
    unit: 'share',
    meaning: `Puzzles where the halting head correctly predicts whether the answer is correct. ${halted}`,
  },
  {
    metric: 'train.halted',
    group: 'train',
    unit: 'share',
    meaning: `Puzzles whose halting head chose to halt; the others reached K steps. ${halted}`,
  },
  {
    metric: 'train.gradientNorm',
    group: 'train',
    unit: '',
    meaning:
      'Euclidean norm of the gradient of (loss / batch) over all weights that the optimiser trains; nothing clips it, and no loss scale multiplies it, in bfloat16 neither. Without the puzzle embedding, which takes only its signs; null if nothing else is trained, and in a skipped step.',
  },
  {
    metric: 'train.weightNorm',
    group: 'train',
    unit: '',
    meaning:
      'Euclidean norm of the weights that the optimiser trains, before the update of the step; null as train.gradientNorm.',
  },
  {
    metric: 'skippedUpdates',
    group: 'both',
    unit: 'steps',
    meaning:
      'Steps of training so far that made no update because they computed NaN or infinity, with notFinite=skip; see train.loss, which is null there if it was not finite.',
  },
  {
    metric: 'supervisionSteps',
    group: 'both',
    unit: 'steps',
    meaning: 'Mean supervision steps of a puzzle: until it halted in training, or all that were run in an evaluation.',
  },
  { metric: 'lr', group: 'train', unit: '', meaning: 'Learning rate of the step, from the schedule.' },
  { metric: 'step', group: 'both', unit: 'steps', meaning: 'Optimiser steps made so far.' },
  {
    metric: 'trainSeconds',
    group: 'both',
    unit: 's',
    meaning: 'Seconds of training so far by the clock, without evaluations and saves. Resuming continues all totals.',
  },
  {
    metric: 'trainCpuSeconds',
    group: 'both',
    unit: 's',
    meaning:
      'Seconds of processor cores in training so far, all threads of the process. On a shared machine these compare, those of the clock do not.',
  },
  {
    metric: 'trainJoules',
    group: 'both',
    unit: 'J',
    meaning: `Energy of training so far${energy}`,
  },
  {
    metric: 'trainMacs',
    group: 'both',
    unit: 'MAC',
    meaning:
      'Multiply-accumulates of training so far, all rows: the forward passes, twice the cost of the updates that carry gradient, and the second forward pass of a continue loss; FLOPs = 2 · MACs. Matrix products only; null with a custom mixer.',
  },
  {
    metric: 'trainSupervisionSteps',
    group: 'both',
    unit: 'steps',
    meaning: 'Supervision steps of training so far: one per row of the batch and optimiser step.',
  },
  {
    metric: 'trainNetworkCalls',
    group: 'both',
    unit: 'calls',
    meaning: 'Forward passes of a network in training so far, counted per row: T(n + 1) a supervision step of a TRM.',
  },
  {
    metric: 'evaluationSeconds',
    group: 'test',
    unit: 's',
    meaning: `Seconds of the evaluation by the clock${all}`,
  },
  {
    metric: 'evaluationCpuSeconds',
    group: 'test',
    unit: 's',
    meaning: `Seconds of processor cores in the evaluation, all threads of the process${all}`,
  },
  {
    metric: 'evaluationJoules',
    group: 'test',
    unit: 'J',
    meaning: `Energy of the evaluation${energy}`,
  },
  {
    metric: 'evaluationMacs',
    group: 'test',
    unit: 'MAC',
    meaning: `Multiply-accumulates of the evaluation, all puzzles, of the supervision steps that were made; null with a custom mixer${all}`,
  },
  {
    metric: 'evaluationSupervisionSteps',
    group: 'test',
    unit: 'steps',
    meaning: `Supervision steps of all puzzles of the evaluation${all}`,
  },
  {
    metric: 'evaluationNetworkCalls',
    group: 'test',
    unit: 'calls',
    meaning: `Forward passes of a network in the evaluation, counted per puzzle${all}`,
  },
]

/** Returns an entry for each criterion of the tasks' judges but `valid`, which every judge has. */
function criteriaOfTasks(): MetricEntry[] {
  return allTasks().flatMap(({ name, judge }) =>
    Object.entries(judge?.criteria ?? {})
      .filter(([criterion]) => criterion !== 'valid')
      .map(([criterion, words]) => ({
        metric: `test.${criterion}`,
        group: 'test',
        unit: 'share',
        meaning: `task=${name}: test puzzles whose predicted answer meets the criterion that ${words}.`,
      })),
  )
}

/** Returns the name of a custom metric from its column `test.NAME` of evaluations; null for any other column. */
export function ownMetric(column: string): string | null {
  return column.startsWith('test.') && !metricEntry(column) ? column.slice('test.'.length) : null
}

/** Returns the entry of a column, e.g. of `test.pass@2`; undefined if it is not a metric. */
export function metricEntry(column: string): MetricEntry | undefined {
  const name = column.replace(/@\d+$/, '@k')
  return metricGlossary.find(({ metric }) => metric === name)
}
