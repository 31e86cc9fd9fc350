/**
 * A text that a spreadsheet reads as a formula, which can open programs and load pages. One that begins with a sign calls for nothing
 * without a parenthesis, a bar or an exclamation mark.
 */
const FORMULA = /^\s*(?:[=@]|[+-].*[(|!])/s

/**
 * Returns a text as a field of CSV (RFC 4180), quoted where necessary. A text that a spreadsheet would read as a formula is set off
 * by an apostrophe, `'=SUM(A1)`; `-0.5`, `--flag` and `+ EMA` stay.
 */
export function csvText(text: string): string {
  return csvField(FORMULA.test(text) ? `'${text}` : text)
}

/** Returns a field of CSV as it is, quoted where necessary: a number, or a text that only programs read. */
export function csvField(field: string): string {
  return field === '' || /[",\r\n]|^\s|\s$/.test(field) ? `"${field.replaceAll('"', '""')}"` : field
}
