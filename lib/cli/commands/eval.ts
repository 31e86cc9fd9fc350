import path from 'node:path'
import type { Config } from '../../config/schema.js'
import { loadDataset } from '../../data/index.js'
import { evaluationNumbers } from '../../evaluate/evaluation.js'
import { outcomesTable } from '../../evaluate/outcomes.js'
import { writeSubmission } from '../../evaluate/submission.js'
import { PASS_KS } from '../../evaluate/votes.js'
import { evaluateRun } from '../../experiment/evaluate-run.js'
import { tableOfRows } from '../../files/arrow-rows.js'
import { type ProgressLine, progressText } from '../../notebook/progress-text.js'
import { streamSink } from '../../notebook/status-line.js'
import { writeTable } from '../../results/export.js'
import { titledRow } from '../../results/metric-names.js'
import { formatTable } from '../../results/text.js'
import { type Command, wrongUse } from '../command.js'
import { onlyKeys } from '../keys.js'
import { puzzleFit, whichWeights } from '../weights-output.js'

const KEYS = [
  'out',
  'data',
  'split',
  'steps',
  'halt',
  'dtype',
  'batch',
  'versions',
  'weights',
  'config',
  'puzzleEmbedding',
  'outcomes',
  'tasks',
  'submission',
] as const

const NO_PASS = Object.fromEntries(PASS_KS.map((k) => [`pass@${k}`, null]))

/** `recurlab eval RUN|FILE`. */
export const command: Command = {
  usage: 'eval RUN|FILE key=value …',
  summary: 'evaluate the weights of a stored run or of a file',
  help: `
RUN is a run's ID, the beginning of one, or its folder. FILE is anything that recurlab import reads, official checkpoints
too; it needs data=DIR. For ARC every version of a test pair is predicted and votes.

  data=DIR     another data set (default: the run's own)
  split=train  the training puzzles instead of the test puzzles
  steps=N      supervision steps (default: as in the run)
  halt=true    a puzzle is done as soon as its halting head says so (default: as in the run, where all steps are made)
  dtype=auto|float32|bfloat16
               what the blocks are computed in (default: as in the run; auto: bfloat16 where the processor has AMX)
  batch=N      puzzles at once (default: as in the run)
  versions=N   at most so many versions of each puzzle (default: as in the run)
  weights=ema|live
               which set, where there are two (default: ema)
  config=FILE  the configuration of a FILE that carries none
  puzzleEmbedding=mean|zero
               replace the rows of the puzzle embedding by their mean, or by zeros: fits another number of
               puzzles, and on the run's own data shows how much the rows carry
  outcomes=F   write what became of every puzzle to F (.arrow: id, rating, size, steps, halting probability, correct, prediction)
  tasks=F      ARC: write pass@k of every task to F (.arrow or .csv)
  submission=F ARC: write Kaggle's submission.json to F
  out=DIR      the results folder (default: results)
  --json       as JSON`,
  flags: { json: false },
  async run({ words, pairs, flags }) {
    const [name, ...more] = words
    if (name === undefined || more.length > 0) throw wrongUse('one run or file', words.join(' ') || 'none')
    const keys = onlyKeys(pairs, KEYS)
    const { out, data, split, config, outcomes, tasks, submission, halt } = keys
    if (halt !== undefined && halt !== 'true' && halt !== 'false') throw wrongUse('halt=true or halt=false', halt)
    if (split !== undefined && split !== 'train' && split !== 'test') throw wrongUse('split=train or split=test', split)
    if (outcomes !== undefined && path.extname(outcomes) !== '.arrow')
      throw wrongUse('outcomes=FILE.arrow', outcomes, 'The table has lists, which CSV has not.')
    if (tasks !== undefined && !/\.(arrow|csv)$/.test(tasks)) throw wrongUse('tasks=FILE.arrow or FILE.csv', tasks)
    const status = evaluationStatus(flags.has('json') ? process.stderr : process.stdout)
    const result = await evaluateRun(name, {
      onProgress: status.at,
      ...(out === undefined ? {} : { resultsDir: out }),
      ...(data === undefined ? {} : { data: loadDataset(data) }),
      ...(split === undefined ? {} : { split }),
      ...(config === undefined ? {} : { configFile: config }),
      ...number('steps', keys.steps),
      ...(halt === undefined ? {} : { halt: halt === 'true' }),
      ...whichDtype(keys.dtype),
      ...number('batch', keys.batch),
      ...number('versions', keys.versions),
      ...whichWeights(keys.weights),
      ...puzzleFit(keys.puzzleEmbedding),
      outcomes: outcomes !== undefined,
      onData: ({ manifest, testTasks }) => {
        if ((tasks !== undefined || submission !== undefined) && (!testTasks || split === 'train'))
          throw wrongUse('tasks= and submission= with the test split of ARC only', `task=${manifest.task}`)
      },
    })
    status.end()
    const { id, step, dtype, evaluation, notes } = result
    const { votes } = evaluation
    if (outcomes !== undefined) writeTable(outcomesTable(evaluation.outcomes, result.data, split ?? 'test'), outcomes)
    if (tasks !== undefined)
      writeTable(tableOfRows(votes!.tasks.map(({ pass, ...task }) => ({ ...task, ...(pass ?? NO_PASS) }))), tasks)
    if (submission !== undefined) writeSubmission(submission, votes!.submission)
    const row = { run: id, step, dtype, ...evaluationNumbers(evaluation) }
    if (flags.has('json')) process.stdout.write(`${JSON.stringify({ ...row, notes })}\n`)
    else process.stdout.write(`${notes.map((note) => `${note}\n`).join('')}${formatTable([titledRow(row)])}\n`)
    return 0
  },
}

/** A terminal's line, or a file's every ten seconds, while an evaluation goes on. */
function evaluationStatus(stream: NodeJS.WriteStream): { at(done: number, total: number): void; end(): void } {
  const sink = streamSink(stream, 'later')
  const began = performance.now()
  let line: ProgressLine | null = null
  const now = (done: number, total: number, state: ProgressLine['state']): ProgressLine => {
    const seconds = (performance.now() - began) / 1000
    return { done, total, seconds, state, label: 'evaluation', unit: 'puzzles', metrics: [] }
  }
  return {
    at: (done, total) => {
      line = now(done, total, 'running')
      sink.status(progressText(line, stream.isTTY))
    },
    end: () => {
      if (line && stream.isTTY) sink.line(progressText(now(line.done, line.total!, 'done'), true))
    },
  }
}

/** `dtype=auto|float32|bfloat16`, if given. */
function whichDtype(text: string | undefined): { dtype?: Config['dtype'] } {
  if (text === undefined) return {}
  if (text === 'auto' || text === 'float32' || text === 'bfloat16') return { dtype: text }
  throw wrongUse('dtype=auto, float32 or bfloat16', text)
}

function number<K extends string>(key: K, text: string | undefined): { [key in K]?: number } {
  if (text === undefined) return {}
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1) throw wrongUse(`${key}=N, a whole number of 1 or more`, text)
  return { [key]: value } as { [key in K]?: number }
}
