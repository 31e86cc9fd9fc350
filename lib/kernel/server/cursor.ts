import type { Content } from '../protocol.js'

/** A position that Jupyter counts in code points, in UTF-16 units. Positions outside of the text become its ends. */
export function toUnits(text: string, points: number): number {
  let units = 0
  for (const point of text) {
    if (points-- <= 0) break
    units += point.length
  }
  return units
}

/** A position in UTF-16 units, in code points. */
export function toPoints(text: string, units: number): number {
  let points = 0
  for (let at = 0; at < units && at < text.length; points++) at += text.codePointAt(at)! > 0xffff ? 2 : 1
  return points
}

/** A `complete_reply` with its positions in code points, also those of JupyterLab's list of types. */
export function replyInPoints(text: string, reply: Content): Content {
  const position = (value: unknown): unknown => (typeof value === 'number' ? toPoints(text, value) : value)
  const metadata = (reply.metadata ?? {}) as Content
  const list = metadata[TYPES]
  const types = Array.isArray(list)
    ? list.map((one: Content) => ({ ...one, start: position(one.start), end: position(one.end) }))
    : undefined
  return {
    ...reply,
    cursor_start: position(reply.cursor_start),
    cursor_end: position(reply.cursor_end),
    metadata: types ? { ...metadata, [TYPES]: types } : metadata,
  }
}

const TYPES = '_jupyter_types_experimental'
