import { visible } from './visible.js'

/** Signs that plotly or MathJax reads as markup, and their entities. */
const ENTITIES: readonly (readonly [sign: string, entity: string])[] = [
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  // LaTeX between dollars, where MathJax is loaded.
  ['$', '&#36;'],
  // The name of a value of the figure, e.g. %{meta.sources}.
  ['%{', '&#37;{'],
]

/** Escapes a text in a figure, so that names from data do not become markup; unprintable characters become visible. */
export function escapeLabel(text: string): string {
  return ENTITIES.reduce((escaped, [sign, entity]) => escaped.replaceAll(sign, entity), visible(text, '\n\r\t'))
}

/** Returns the text of a label without its markup, the reverse of {@link escapeLabel}. */
export function unescapeLabel(label: string): string {
  const words = label.replace(/<br\s*\/?>/g, ' ').replace(/<[^>]*>/g, '')
  return ENTITIES.toReversed().reduce((text, [sign, entity]) => text.replaceAll(entity, sign), words)
}
