import type { Row } from '../../files/arrow-rows.js'
import { bundleOf } from '../../notebook/bundle.js'
import type { MimeBundle } from '../../notebook/host.js'
import { escapeHtml } from '../../notebook/html.js'

/** Returns the display of a table with sentences below it. */
export function notedTable(rows: readonly Row[], notes: readonly string[]): MimeBundle {
  const { 'text/html': html, 'text/plain': text } = bundleOf(rows)
  return {
    'text/html': `${html}${notes.map((note) => `<p>${escapeHtml(note)}</p>`).join('')}`,
    'text/plain': [text, ...notes].join('\n'),
  }
}

/** Returns remarks as sentences that begin in upper case. */
export function sentences(notes: readonly string[]): string[] {
  return notes.map((note) => `${note[0]!.toUpperCase()}${note.slice(1)}.`)
}
