import { writeOwn } from '../../escape/terminal.js'
import { type SolveOptions, type SolveStep, type Solving, solve } from '../../experiment/solve/solve.js'
import { boardsOf } from '../../plot/puzzle-board.js'
import { boardsText, legendText } from '../../plot/puzzle-text.js'
import { loadDataset } from '../../storage/store.js'
import { type Command, wrongUse } from '../command.js'
import { given, onlyKeys, wholeOf } from '../keys.js'
import { CHECKPOINT_HELP, whichCheckpoint, whichWeights } from '../weights-output.js'

/** `recurlab solve RUN|FILE PUZZLE`. */
export const command: Command = {
  help: [
    "RUN is a run's ID, a prefix of it, or its folder; FILE is a file of weights, official ones too, or a name that recurlab weights lists. PUZZLE is a puzzle of the model's task, or a file with one.",
    {
      title: 'Puzzles',
      rows: [
        ['Sudoku', 'One line, . or 0 blank: question, or question:answer.'],
        ['Maze', 'A row on each line (# wall, space free, S, G), or all rows in one line.'],
        ['ARC', 'A task as JSON: {"train": […], "test": […]}, or a …_challenges.json and task=NAME.'],
      ],
    },
    'The answer is drawn after every supervision step, with its halting probability; wrong cells and cells that changed since the previous step are marked. Exit code 1 if the last answer is known to be wrong.',
    {
      title: 'Options',
      rows: [
        ['supervisionSteps=N', 'Supervision steps. Default: as in an evaluation of the model.'],
        [
          'input=N',
          'Index of the test input of the ARC task, or of the line of a file of Sudokus, from 0. Default: 0.',
        ],
        ['task=NAME', "The ARC task's name, by which its puzzle identifier is found. Default: the file's name."],
        ['data=DIR', 'Data set that names the identifiers. Default: the one the weights were trained on.'],
        ['weights=ema|live', 'The set of weights to use if there are two. Default: ema.'],
        CHECKPOINT_HELP,
        [
          'config=FILE',
          'Configuration of weights without one (all_config.yaml, config.json). Default: the one beside them.',
        ],
        ['out=DIR', 'Results folder. Default: results.'],
        ['--color', 'Uses colours even if the output is not a terminal.'],
        ['--json', 'Prints every step as JSON.'],
      ],
    },
  ],
  example: 'solve 20261104-093012 1...............',
  flags: { json: false, color: false },
  async run({ words, pairs, flags }) {
    const [name, puzzle, ...more] = words
    if (name === undefined || puzzle === undefined || more.length > 0)
      throw wrongUse('a run or file and a puzzle', `${words.length} ${words.length === 1 ? 'word' : 'words'}`)
    const keys = onlyKeys(pairs, [
      'supervisionSteps',
      'input',
      'task',
      'data',
      'weights',
      'checkpoint',
      'config',
      'out',
    ])
    const options: SolveOptions = {
      ...given({
        supervisionSteps: wholeOf('supervisionSteps', keys.supervisionSteps),
        input: wholeOf('input', keys.input, 0),
        task: keys.task,
        configFile: keys.config,
        resultsDir: keys.out,
      }),
      ...whichWeights(keys.weights),
      ...whichCheckpoint(keys.checkpoint),
    }
    const data = keys.data === undefined ? undefined : loadDataset(keys.data)
    const solving = await solve(name, puzzle, { ...options, ...(data === undefined ? {} : { data }) })
    const last = flags.has('json')
      ? printJson(solving)
      : printSteps(solving, flags.has('color') || process.stdout.isTTY === true)
    return last.verdict.solved === false ? 1 : 0
  },
}

function printSteps({ puzzle, identifier, supervisionSteps, notes, run }: Solving, color: boolean): SolveStep {
  const print = (text: string): void => void process.stdout.write(`${text}\n`)
  // The colours of a picture are the program's own.
  const draw = (text: string): void => writeOwn(process.stdout, `${text}\n`)
  const picture = (title: string, step?: SolveStep): string =>
    boardsText(
      boardsOf(puzzle.spec, [
        {
          title,
          tokens: step?.prediction ?? puzzle.input,
          puzzle: puzzle.input,
          ...(step === undefined ? {} : { marks: step.marks }),
        },
      ]),
      { color },
    )
  for (const note of notes) print(`note: ${note}`)
  draw(
    picture(['puzzle', puzzle.name, identifier.id > 0 ? `identifier ${identifier.id}` : ''].filter(Boolean).join(' ')),
  )
  const [board] = boardsOf(puzzle.spec, [{ title: '', tokens: puzzle.input }])
  draw(`\n${legendText(board!, { color })}`)
  let last: SolveStep | undefined
  let halted: number | undefined
  for (const step of run()) {
    if (step.halts) halted ??= step.step
    const title = `step ${step.step} of ${supervisionSteps}   halting ${step.haltProbability.toFixed(3)}   ${countWords(step)}`
    draw(`\n${step.step > 1 && step.changed === 0 ? title : picture(title, step)}`)
    last = step
  }
  const { solved, words } = last!.verdict
  print(`\n${solved === null ? 'done' : solved ? 'solved' : 'not solved'}: ${words}`)
  print(
    halted === undefined
      ? 'the model would not have halted by itself'
      : `the model would have halted after step ${halted}`,
  )
  return last!
}

function countWords({ step, changed, wrong }: SolveStep): string {
  const parts = [
    ...(step === 1 ? [] : [`${changed === 0 ? 'nothing' : changed} changed`]),
    ...(wrong > 0 ? [`${wrong} wrong`] : []),
  ]
  return parts.join(', ')
}

function printJson({ puzzle, file, identifier, notes, run }: Solving): SolveStep {
  const steps = [...run()]
  const last = steps.at(-1)!
  const facts = {
    weights: file.file,
    task: puzzle.spec.task,
    name: puzzle.name,
    identifier: { id: identifier.id, name: identifier.name },
    puzzle: puzzle.write(puzzle.input),
    solution: puzzle.answer && puzzle.write(puzzle.answer),
    steps: steps.map(({ step, haltProbability, halts, changed, wrong, prediction, verdict }) => ({
      step,
      haltProbability,
      halts,
      changed,
      wrong,
      solved: verdict.solved,
      answer: puzzle.write(prediction),
    })),
    solved: last.verdict.solved,
    verdict: last.verdict.words,
    notes,
  }
  process.stdout.write(`${JSON.stringify(facts)}\n`)
  return last
}
