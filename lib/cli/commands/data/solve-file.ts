import { BOXES, type Box } from '../../../data/sudoku/box.js'
import { solveFile } from '../../../data/sudoku/solve-file.js'
import { formatTable } from '../../../results/text.js'
import { type Args, wrongUse } from '../../command.js'
import { onlyKeys } from '../../keys.js'
import { print } from './print.js'

/** Lines that are named before they are only counted. */
const NAMED_FAILURES = 10

/** The part of `recurlab data --help` about solving files. */
export const solveFileHelp = `recurlab data solve FILE [box=3x3] [--json]
  Solves every Sudoku of a list (question, question:answer) or a .csv without any model, compares the answers,
  measures the speed. Exit code 1 when a puzzle has not exactly one solution or another answer.`

/** `recurlab data solve FILE`. @throws UserError for wrong use, and with file and line for what is no puzzle. */
export async function solveFileAction({ words, pairs, flags }: Args): Promise<number> {
  const [, file] = words
  if (file === undefined) throw wrongUse('a file after data solve', 'none')
  const { box: name = '3x3' } = onlyKeys(pairs, ['box'])
  const box: Box | undefined = Object.hasOwn(BOXES, name) ? BOXES[name as keyof typeof BOXES] : undefined
  if (!box) throw wrongUse(`box=${Object.keys(BOXES).join('|')}`, `box=${name}`)
  const { failures, ...facts } = await solveFile(file, box)
  if (flags.has('json')) print(JSON.stringify({ file, ...facts, failures }, null, 2))
  else {
    const rounded = { perSecond: Math.round(facts.perSecond), uniquePerSecond: Math.round(facts.uniquePerSecond) }
    print(formatTable([{ ...facts, ...rounded }]))
    for (const { line, reason } of failures.slice(0, NAMED_FAILURES)) print(`${file}, line ${line}: ${reason}`)
    if (failures.length > NAMED_FAILURES) print(`… and ${failures.length - NAMED_FAILURES} more`)
  }
  return failures.length === 0 ? 0 : 1
}
