import { nearest } from '../../../options/nearest.js'

/** Maximum number of names in an error message. */
const LISTED = 10

/** Returns the error of a cell that imports a name which the module does not export. */
export function missingExport(specifier: string, name: string, namespace: object): SyntaxError {
  const names = Object.keys(namespace)
  const near = nearest(name, names)
  const more = names.length > LISTED ? ` and ${names.length - LISTED} more` : ''
  const has = names.length > 0 ? `It exports: ${names.slice(0, LISTED).join(', ')}${more}.` : 'It exports nothing.'
  return new SyntaxError(
    `The module '${specifier}' does not provide an export named '${name}'.${near ? ` Did you mean '${near}'?` : ''} ${has}`,
  )
}
