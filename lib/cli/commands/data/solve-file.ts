import { formatTable } from '../../../results/text.js'
import { BOXES } from '../../../tasks/sudoku/box.js'
import { solveFile } from '../../../tasks/sudoku/solve-file.js'
import { type Args, type Command, oneWord } from '../../command.js'
import { choiceOf, onlyKeys } from '../../keys.js'
import { print } from './print.js'

/** Maximum number of failures that are listed; the rest are only counted. */
const NAMED_FAILURES = 10
const boxes = Object.keys(BOXES) as (keyof typeof BOXES)[]

/** `recurlab data solve FILE`. */
export const command: Command = {
  help: [
    'FILE is a list (question or question:answer on each line) or a .csv. Given answers are compared, and the speed is measured. Exit code 1 if a puzzle does not have exactly one solution, or has another answer.',
    {
      title: 'Options',
      rows: [
        [`box=${boxes.join('|')}`, 'Box of the grid. Default: 3x3.'],
        ['--json', 'Prints counts and failures as JSON.'],
      ],
    },
  ],
  example: 'data solve data/sudoku-extreme/test.csv',
  flags: { json: false },
  run: solve,
}

/** @throws UserError for wrong usage, and with file and line for an invalid puzzle. */
async function solve({ words, pairs, flags }: Args): Promise<number> {
  const file = oneWord(words, 'one file')
  const box = BOXES[choiceOf('box', onlyKeys(pairs, ['box']).box, boxes) ?? '3x3']
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
