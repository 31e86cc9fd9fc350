import type { Content } from '../host.js'
import { escapeHtml, unescapeHtml } from '../html.js'

/**
 * The state that shows a label with a tooltip. The front end drops the tooltip of a text, a dropdown and a checkbox
 * that have a label, so that the label bears it itself.
 */
export function labelState(label: string, tooltip: string): Content {
  if (tooltip === '') return { description: label }
  const words = `<span title="${escapeHtml(tooltip)}">${escapeHtml(label)}</span>`
  return { description: label === '' ? '' : words, description_allow_html: true }
}

/** The label in a widget's state. */
export function labelOf({ description, description_allow_html: isHtml }: Content): string {
  if (typeof description !== 'string') return ''
  return isHtml === true ? unescapeHtml(description.replace(/<[^>]*>/g, '')) : description
}
