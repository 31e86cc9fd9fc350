import { visible } from './visible.js'

/**
 * Escapes text for one line of Markdown or a cell of a table: characters of markup by a backslash, those of HTML as entities. Ends
 * of lines become spaces, other unprintable characters visible.
 */
export function escapeMarkdown(text: string): string {
  return visible(text.replace(/[\t\n\v\f\r\u0085\u2028\u2029]+/g, ' '))
    .replace(/[\\`*_[\]|~$]/g, '\\$&')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
}

/** Escapes text for a paragraph of Markdown, whose first sign could make it a heading, a list or a line across the page. */
export function escapeParagraph(text: string): string {
  return escapeMarkdown(text.trim())
    .replace(/^[#+=-]/, '\\$&')
    .replace(/^(\d+)([.)])/, '$1\\$2')
}
