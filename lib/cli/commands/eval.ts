import path from 'node:path'
import { evaluationNumbers, shownNumbers } from '../../evaluate/evaluation.js'
import { titledRow } from '../../evaluate/metric-names.js'
import { outcomesTable } from '../../evaluate/outcomes.js'
import { evaluateRun } from '../../experiment/run/evaluate-run.js'
import { tableOfRows } from '../../files/arrow-rows.js'
import { writeFileAtomic } from '../../files/atomic.js'
import { writeTable } from '../../results/export.js'
import { formatTable } from '../../results/text.js'
import { loadDataset } from '../../storage/store.js'
import { allTasks, votesOf } from '../../tasks/registry.js'
import { PASS_KS } from '../../tasks/votes.js'
import { type Command, oneWord, wrongUse } from '../command.js'
import { choiceOf, given, onlyKeys, truthOf, wholeOf } from '../keys.js'
import { CHECKPOINT_HELP, puzzleFit, whichCheckpoint, whichWeights } from '../weights-output.js'
import { workStatus } from '../work-status.js'

const KEYS = [
  'out',
  'data',
  'split',
  'supervisionSteps',
  'halt',
  'dtype',
  'batch',
  'versions',
  'weights',
  'checkpoint',
  'config',
  'puzzleEmbedding',
  'outcomes',
  'tasks',
  'submission',
] as const

const NO_PASS = Object.fromEntries(PASS_KS.map((k) => [`pass@${k}`, null]))

/** `recurlab eval RUN|FILE`. */
export const command: Command = {
  help: [
    "RUN is a run's ID, a prefix of it, or its folder. FILE is any file that recurlab import reads, official checkpoints too; it needs data=DIR, unless it records how its data are generated; or it is a name that recurlab weights lists. For ARC, every version of a test pair is predicted and casts a vote.",
    {
      title: 'Options',
      rows: [
        ['data=DIR', "Another data set. Default: the run's own."],
        ['split=train|test', 'Split to evaluate. Default: test.'],
        ['supervisionSteps=N', 'Supervision steps. Default: as in the run.'],
        [
          'halt=true|false',
          'Whether a puzzle ends as soon as its halting head chooses to halt. Default: as in the run (all steps, unless evalHalt is set).',
        ],
        [
          'dtype=auto|float32|bfloat16',
          'Type that the blocks are computed in; auto is bfloat16 if the processor has AMX. Default: float32 for more supervision steps than trained, else as in the run.',
        ],
        ['batch=N', 'Puzzles evaluated at a time. Default: as in the run.'],
        ['versions=N', 'Maximum versions of each puzzle. Default: as in the run.'],
        ['weights=ema|live', 'The set of weights to use if there are two. Default: ema.'],
        CHECKPOINT_HELP,
        ['config=FILE', 'Configuration of a FILE without one. Default: the one beside it.'],
        [
          'puzzleEmbedding=mean|zero',
          "Replaces each row of the puzzle embedding by the mean of all rows or by zeros. It then fits another number of puzzles; on the run's own data the result shows how much information the rows hold. Default: the rows stay.",
        ],
        [
          'outcomes=FILE',
          'Writes the outcome of every puzzle to FILE.arrow: id, rating, size, supervision steps, halting probability, exact, cells, valid by the task’s judge, prediction.',
        ],
        ['tasks=FILE', 'ARC: writes pass@k of every task to FILE.arrow or FILE.csv.'],
        ['submission=FILE', "ARC: writes Kaggle's submission.json to FILE."],
        ['out=DIR', 'Results folder. Default: results.'],
        ['--json', 'Prints the metrics as JSON.'],
      ],
    },
  ],
  example: 'eval 20261104-093012 split=train supervisionSteps=4',
  onSignal: 'Nothing was written: the same command evaluates anew.',
  flags: { json: false },
  async run({ words, pairs, flags }) {
    const name = oneWord(words, 'one run or file')
    const keys = onlyKeys(pairs, KEYS)
    const { out, data, config, outcomes, tasks, submission } = keys
    const split = choiceOf('split', keys.split, ['train', 'test'])
    const numbers = {
      supervisionSteps: wholeOf('supervisionSteps', keys.supervisionSteps),
      batch: wholeOf('batch', keys.batch),
      versions: wholeOf('versions', keys.versions),
    }
    if (outcomes !== undefined && path.extname(outcomes) !== '.arrow')
      throw wrongUse('outcomes=FILE.arrow', outcomes, 'The table has list columns, which CSV does not support.')
    if (tasks !== undefined && !/\.(arrow|csv)$/.test(tasks)) throw wrongUse('tasks=FILE.arrow or FILE.csv', tasks)
    const status = workStatus('evaluation', 'puzzles', flags.has('json') ? process.stderr : process.stdout)
    const result = await evaluateRun(name, {
      onProgress: status.at,
      ...given({
        resultsDir: out,
        split,
        configFile: config,
        halt: truthOf('halt', keys.halt),
        dtype: choiceOf('dtype', keys.dtype, ['auto', 'float32', 'bfloat16']),
        ...numbers,
      }),
      ...(data === undefined ? {} : { data: loadDataset(data) }),
      ...whichWeights(keys.weights),
      ...whichCheckpoint(keys.checkpoint),
      ...puzzleFit(keys.puzzleEmbedding),
      outcomes: outcomes !== undefined,
      onData: (data) => {
        if ((tasks !== undefined || submission !== undefined) && (split === 'train' || !votesOf(data)))
          throw wrongUse(
            `tasks= and submission= with the test split of task=${votingTasks().join(', ')} only`,
            `split=${split ?? 'test'} of task=${data.manifest.task}`,
          )
      },
    })
    status.end()
    const { id, step, dtype, evaluation, spent, notes } = result
    const { votes } = evaluation
    if (outcomes !== undefined) writeTable(outcomesTable(evaluation.outcomes, result.data, split ?? 'test'), outcomes)
    if (tasks !== undefined)
      writeTable(tableOfRows(votes!.tasks.map(({ pass, ...task }) => ({ ...task, ...(pass ?? NO_PASS) }))), tasks)
    if (submission !== undefined) writeFileAtomic(submission, votes!.submission)
    const about = { run: id, step, dtype }
    if (flags.has('json'))
      process.stdout.write(`${JSON.stringify({ ...about, ...evaluationNumbers(evaluation), ...spent, notes })}\n`)
    else {
      const { evaluationSeconds, evaluationCpuSeconds } = spent
      const row = titledRow({ ...about, ...shownNumbers(evaluation), evaluationSeconds, evaluationCpuSeconds })
      process.stdout.write(`${notes.map((note) => `${note}\n`).join('')}${formatTable([row])}\n`)
    }
    return 0
  },
}

/** Returns the names of the tasks whose versions vote. */
function votingTasks(): string[] {
  return allTasks()
    .filter(({ votes }) => votes !== undefined)
    .map(({ name }) => name)
}
