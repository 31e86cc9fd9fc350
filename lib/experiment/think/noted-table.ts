import { paragraphHtml } from '../../escape/html.js'
import type { Row } from '../../files/arrow-rows.js'
import { bundleOf } from '../../notebook/bundle.js'
import type { MimeBundle } from '../../notebook/host.js'
import { type Estimate, scaled } from '../../statistics/estimate.js'
import { halfWidth, intervalText, rounded } from '../../statistics/rounding.js'

/** Returns the display of a table with sentences below it. */
export function notedTable(rows: readonly Row[], notes: readonly string[]): MimeBundle {
  const { 'text/html': html, 'text/plain': text } = bundleOf(rows)
  return {
    'text/html': `${html}${notes.map(paragraphHtml).join('')}`,
    'text/plain': [text, ...notes].join('\n'),
  }
}

/** Returns remarks as sentences that begin in upper case. */
export function sentences(notes: readonly string[]): string[] {
  return notes.map((note) => `${note[0]!.toUpperCase()}${note.slice(1)}.`)
}

/** Returns a share in percent with the ends of its interval, which is not symmetric near 0 and 100: `0 (0 to 28)`. */
export function shareText(share: Pick<Estimate, 'value' | 'sd' | 'low' | 'high'>): string {
  const percent = scaled(share, 100)
  const interval = intervalText(percent)
  const { value } = rounded(percent.value, halfWidth(percent))
  return interval === null ? value : `${value} (${interval})`
}

/** Returns `16 supervision steps`, or `1 supervision step`. */
export function stepsText(steps: number): string {
  return `${steps} supervision ${steps === 1 ? 'step' : 'steps'}`
}
