import { sha256 } from '../../files/atomic.js'
import { type Cell, sourceOf } from '../notebook.js'
import { VIEW_METADATA } from './cell-header.js'
import type { TextCell } from './read.js'

/** The cells of a notebook after its text has changed. */
export interface MatchedCells {
  readonly cells: Cell[]
  /** Number of code cells that are new or whose source has changed, and so have no outputs. */
  readonly changed: number
}

/**
 * Returns the cells of a text as cells of a notebook. A cell whose type and source are unchanged, moved or not, keeps its
 * identifier, outputs and attachments; a changed cell takes the identifier of the cell that was in its place, without
 * outputs; a new one gets an identifier from its content.
 *
 * @param hasIds whether the notebook's format gives cells identifiers (nbformat 4.5)
 */
export function matchCells(before: readonly Cell[], now: readonly TextCell[], hasIds: boolean): MatchedCells {
  const same = unchanged(before.map(keyOf), now.map(keyOf))
  const place = inPlace(before, now, same)
  const ids = new Set([...same, ...place].flatMap(([, at]) => before[at]!.id ?? []))
  const cells = now.map((cell, i): Cell => {
    const kept = before[same.get(i) ?? -1]
    if (kept) return { ...kept, metadata: { ...viewOf(kept), ...cell.metadata }, source: cell.source }
    const replaced = before[place.get(i) ?? -1]
    const id = replaced?.id ?? newId(cell, ids)
    ids.add(id)
    return {
      ...cell,
      ...(hasIds ? { id } : {}),
      metadata: { ...(replaced ? viewOf(replaced) : {}), ...cell.metadata },
      ...(cell.cell_type === 'code' ? { execution_count: null, outputs: [] } : {}),
      ...(cell.cell_type !== 'code' && replaced?.attachments !== undefined
        ? { attachments: replaced.attachments }
        : {}),
    }
  })
  return { cells, changed: now.filter(({ cell_type }, i) => cell_type === 'code' && !same.has(i)).length }
}

function keyOf(cell: Cell | TextCell): string {
  return `${cell.cell_type}\n${sourceOf(cell as Cell)}`
}

function viewOf({ metadata }: Cell): Cell['metadata'] {
  return Object.fromEntries(Object.entries(metadata).filter(([key]) => VIEW_METADATA.includes(key)))
}

/** Returns pairs (now, before) of equal cells: first those in the same order, then those that have moved. */
function unchanged(before: readonly string[], now: readonly string[]): Map<number, number> {
  const pairs = commonInOrder(before, now)
  const used = new Set(pairs.values())
  const moved = new Map<string, number[]>()
  for (const [at, key] of before.entries()) if (!used.has(at)) moved.set(key, [...(moved.get(key) ?? []), at])
  for (const [i, key] of now.entries()) {
    const at = pairs.has(i) ? undefined : moved.get(key)?.shift()
    if (at !== undefined) pairs.set(i, at)
  }
  return pairs
}

/** Returns pairs (now, before) of a longest common subsequence. */
function commonInOrder(before: readonly string[], now: readonly string[]): Map<number, number> {
  const pairs = new Map<number, number>()
  let start = 0
  while (start < Math.min(before.length, now.length) && before[start] === now[start]) pairs.set(start, start++)
  const length = Array.from({ length: now.length + 1 }, () => new Uint32Array(before.length + 1))
  for (let i = now.length - 1; i >= start; i--)
    for (let j = before.length - 1; j >= start; j--)
      length[i]![j] =
        now[i] === before[j] ? length[i + 1]![j + 1]! + 1 : Math.max(length[i + 1]![j]!, length[i]![j + 1]!)
  for (let i = start, j = start; i < now.length && j < before.length; )
    if (now[i] === before[j]) pairs.set(i++, j++)
    else if (length[i + 1]![j]! >= length[i]![j + 1]!) i++
    else j++
  return pairs
}

/** Returns pairs (now, before) of changed cells of one type that stand between the same unchanged cells, in order. */
function inPlace(
  before: readonly Cell[],
  now: readonly TextCell[],
  same: ReadonlyMap<number, number>,
): Map<number, number> {
  const used = new Set(same.values())
  const pairs = new Map<number, number>()
  let at = 0
  for (const [i, cell] of now.entries()) {
    const kept = same.get(i)
    if (kept !== undefined) at = kept + 1
    else {
      let j = at
      while (j < before.length && !used.has(j) && before[j]!.cell_type !== cell.cell_type) j++
      if (j >= before.length || used.has(j)) continue
      pairs.set(i, j)
      used.add(j)
      at = j + 1
    }
  }
  return pairs
}

/** Returns eight digits of the hash of a cell's content, with a number after them where they are taken. */
function newId(cell: TextCell, taken: ReadonlySet<string>): string {
  const hash = sha256(keyOf(cell)).slice(0, 8)
  for (let n = 1; ; n++) {
    const id = n === 1 ? hash : `${hash}-${n}`
    if (!taken.has(id)) return id
  }
}
