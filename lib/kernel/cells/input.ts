import { UserError } from '../../errors.js'
import { type Cell, currentCell, currentOwner } from './context.js'
import { sendInOrder } from './wire.js'

interface Question {
  readonly cell: Cell
  answer(value: string | null): void
}

const questions = new Map<number, Question>()
let asked = 0

/** Asks the user for a line of text. @throws UserError if no front end can ask, or the user did not answer */
export async function input(prompt: string, options: { readonly password?: boolean } = {}): Promise<string> {
  const cell = currentCell()
  if (!cell || cell !== currentOwner() || !cell.allowStdin)
    throw new UserError({
      where: 'input',
      expected: 'a running cell in a front end that can ask',
      found: cell ? 'a front end that cannot ask' : 'no running cell',
      todo: 'Run it where input can be typed: in JupyterLab, or in jupyter console.',
    })
  const id = ++asked
  const value = await new Promise<string | null>((answer) => {
    questions.set(id, { cell, answer })
    sendInOrder({ type: 'input', id, parent: cell.parent, prompt: String(prompt), password: options.password === true })
  })
  if (value === null)
    throw new UserError({ where: 'input', expected: 'a line of text', found: 'no answer', todo: 'Run the cell again.' })
  return value
}

/** Passes on the text typed by the user; null for no answer. */
export function answerInput(id: number, value: string | null): void {
  const question = questions.get(id)
  questions.delete(id)
  question?.answer(value)
}

/** Drops the questions of a cell that has ended. */
export function forgetInput(cell: Cell): void {
  for (const [id, question] of questions) if (question.cell === cell) questions.delete(id)
}
