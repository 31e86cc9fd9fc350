import { UserError } from '../../errors.js'
import { checkDepth, isJsonObject } from '../../files/json.js'
import { fileOperations as fs } from '../../files/operations.js'
import { readStrictJson } from '../../files/strict-json.js'
import type { PosedPuzzle, PuzzleChoice, PuzzleText } from '../posed.js'
import type { PuzzleSpec } from '../task.js'
import { type ArcTask, checkGrid, checkTask } from './check.js'
import { crop, encodeGrid } from './encode.js'
import { type FlatGrid, nested, sameGrid } from './grid.js'

/**
 * Parses a test input of an ARC task: `{"train": […], "test": […]}`, or a file with several tasks by name
 * (`…_challenges.json`, whose answers come from `…_solutions.json` beside it).
 *
 * @param board side of the model's board
 * @throws UserError when the text is not a task, the task or input does not exist, or a grid does not fit the board.
 */
export function poseArc(spec: PuzzleSpec, board: number, puzzle: PuzzleText, choice: PuzzleChoice): PosedPuzzle {
  const { input: number = 0 } = choice
  const task = readTask(puzzle, choice)
  const place = `${puzzle.where}${task.name === '' ? '' : `, task ${task.name}`}`
  const pair = task.test[number]
  if (!pair)
    throw new UserError({
      where: 'key input',
      expected: `0…${task.test.length - 1}, the test inputs of ${place}`,
      found: String(number),
      exitCode: 2,
    })
  const output = pair.output ?? solutionBeside(puzzle, task.name, number)
  const input = encode(pair.input, board, `${place}, test[${number}].input`)
  const answer = output && encode(output, board, `${place}, test[${number}].output`)
  return {
    spec,
    name: task.name,
    identifier: task.name,
    input,
    answer,
    notes: output ? [] : ['the answer is unknown, so the output cannot be judged'],
    judge(predicted) {
      const found = crop(predicted, board)
      const size = `${found.rows}×${found.columns}`
      if (!output) return { solved: null, words: `an output of ${size} cells; the answer is unknown` }
      if (sameGrid(found, output)) return { solved: true, words: `the output of ${size} cells is correct` }
      const same = found.rows === output.rows && found.columns === output.columns
      const wrong = found.cells.filter((colour, i) => colour !== output.cells[i]).length
      const words = same
        ? `${wrong} of ${found.cells.length} cells are wrong`
        : `an output of ${size} cells, where the answer has ${output.rows}×${output.columns}`
      return { solved: false, words }
    },
    marks: (predicted) =>
      // The model is not trained on padding, so that predictions there do not count.
      Array.from(input, (_, cell) =>
        answer && answer[cell] !== 0 && answer[cell] !== predicted[cell] ? 'wrong' : 'none',
      ),
    write: (tokens) => nested(crop(tokens, board)).map((row) => [...row]),
  }
}

function encode(grid: FlatGrid, board: number, where: string): Uint8Array {
  if (grid.rows > board || grid.columns > board)
    throw new UserError({
      where,
      expected: `a grid that fits the model's board of ${board}×${board}`,
      found: `${grid.rows}×${grid.columns}`,
    })
  const tokens = new Uint8Array(board * board)
  encodeGrid(grid, board, 0, 0, tokens, 0)
  return tokens
}

function readTask({ text, where, name }: PuzzleText, { task }: PuzzleChoice): ArcTask {
  const value = name === '' ? parse(text, where) : readStrictJson(where).value
  if (!isJsonObject(value) || Object.hasOwn(value, 'train') || Object.hasOwn(value, 'test')) {
    // A typed task without a name needs one to be validated.
    const checked = checkTask(task ?? (name || 'typed'), value, where)
    return { ...checked, name: task ?? name }
  }
  const names = Object.keys(value)
  const chosen = task ?? (names.length === 1 ? names[0] : undefined)
  if (chosen === undefined || !Object.hasOwn(value, chosen))
    throw new UserError({
      where,
      expected: chosen === undefined ? 'task=NAME, one of its tasks' : `the task ${chosen}`,
      found: names.length === 0 ? 'no task' : `${names.length} tasks, e.g. ${names.slice(0, 3).join(', ')}`,
      exitCode: 2,
    })
  return checkTask(chosen, value[chosen], `${where}, task ${chosen}`)
}

function parse(text: string, where: string): unknown {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new UserError({
      where,
      expected: 'an ARC task as JSON, or a file with one',
      found: error instanceof Error ? error.message : String(error),
    })
  }
  checkDepth(value, where)
  return value
}

/** Returns the answer to a challenge from the file beside it, or null. */
function solutionBeside({ where }: PuzzleText, task: string, input: number): FlatGrid | null {
  const file = where.replace(/challenges\.json$/, 'solutions.json')
  if (file === where || !fs.existsSync(file)) return null
  const all = readStrictJson(file).value
  const answers = isJsonObject(all) && Object.hasOwn(all, task) ? all[task] : undefined
  return Array.isArray(answers) && answers[input] !== undefined
    ? checkGrid(answers[input], `${file}, task ${task}, [${input}]`)
    : null
}
