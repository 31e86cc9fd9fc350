import { boardsOf } from '../../lib/plot/puzzle-board.js'
import { boardsText } from '../../lib/plot/puzzle-text.js'
import type { PuzzleSpec } from '../../lib/tasks/task.js'

/** Returns a puzzle or an answer as notebooks draw it as text, one line per row, without a title. */
export function puzzleText(spec: PuzzleSpec, tokens: ArrayLike<number>): string {
  const [_, ...rows] = boardsText(boardsOf(spec, [{ title: '', tokens }])).split('\n')
  return rows.join('\n')
}
