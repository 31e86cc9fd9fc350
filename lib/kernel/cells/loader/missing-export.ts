import { nearest } from '../../../options/nearest.js'

/** How many names an error message lists. */
const LISTED = 10

/** The error where a cell imports a name that the module does not have. */
export function missingExport(specifier: string, name: string, namespace: object): SyntaxError {
  const names = Object.keys(namespace)
  const near = nearest(name, names)
  const more = names.length > LISTED ? ` and ${names.length - LISTED} more` : ''
  const has = names.length > 0 ? `It has: ${names.slice(0, LISTED).join(', ')}${more}.` : 'It has none.'
  return new SyntaxError(
    `The module '${specifier}' does not provide an export named '${name}'.${near ? ` Did you mean '${near}'?` : ''} ${has}`,
  )
}
