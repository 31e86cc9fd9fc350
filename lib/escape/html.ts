import { visible } from './visible.js'

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Escapes text for HTML elements and quoted attributes; unprintable characters become visible. */
export function escapeHtml(text: string): string {
  return visible(text, '\n\r\t').replace(/[&<>"']/g, (char) => ENTITIES[char]!)
}

/** Reverts the entities of {@link escapeHtml}. */
export function unescapeHtml(html: string): string {
  return html.replace(/&(?:amp|lt|gt|quot|#39);/g, (entity) => CHARACTERS.get(entity)!)
}

const CHARACTERS: ReadonlyMap<string, string> = new Map(
  Object.entries(ENTITIES).map(([char, entity]): [string, string] => [entity, char]),
)

/**
 * CSS class of the HTML that a notebook shows: in other HTML JupyterLab reads dollars as formulas, and the links of a formula can
 * run code.
 */
export const NO_FORMULAS = 'mathjax_ignore'

/** Returns a text as a paragraph of the HTML that a notebook shows. */
export function paragraphHtml(text: string): string {
  return `<p class="${NO_FORMULAS}">${escapeHtml(text)}</p>`
}
