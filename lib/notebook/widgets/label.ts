import { escapeHtml, NO_FORMULAS, unescapeHtml } from '../../escape/html.js'
import type { Content } from '../host.js'

/** Text that the front end would draw as a formula. */
const FORMULA = /\$|\\[([]|\\begin/

/**
 * Returns the state that shows a label with a tooltip. The front end drops the tooltip of a text, a dropdown and a checkbox
 * with a label, so the label itself carries it.
 */
export function labelState(label: string, tooltip: string): Content {
  if (tooltip === '' && !FORMULA.test(label)) return { description: label }
  const title = tooltip === '' ? '' : ` title="${escapeHtml(tooltip)}"`
  const words = `<span class="${NO_FORMULAS}"${title}>${escapeHtml(label)}</span>`
  return { description: label === '' ? '' : words, description_allow_html: true }
}

/** Returns the label in a widget's state. */
export function labelOf({ description, description_allow_html: isHtml }: Content): string {
  if (typeof description !== 'string') return ''
  return isHtml === true ? unescapeHtml(description.replace(/<[^>]*>/g, '')) : description
}
