import type ts from 'typescript'
import { signaturesAt } from '../internals/services.js'
import { isInComment } from '../internals/tokens.js'
import type { Description } from './description.js'
import { signatureText, tagsOf, textOf, withoutDash } from './texts.js'
import type { View } from './view.js'

/** Describes the call in whose parentheses the cursor is, and the argument at the cursor. */
export function describeCall({ program, sourceFile, cursor }: View): Description | undefined {
  if (isInComment(sourceFile, cursor)) return undefined
  const help = signaturesAt(program, sourceFile, cursor)
  const item = help?.items[help.selectedItemIndex] ?? help?.items[0]
  if (!help || !item) return undefined
  const more = help.items.length > 1 ? ` (+${help.items.length - 1} overload${help.items.length > 2 ? 's' : ''})` : ''
  const argument = item.parameters[Math.min(help.argumentIndex, item.parameters.length - 1)]
  const beyond = help.argumentIndex >= item.parameters.length && !item.isVariadic
  return {
    signature: `${written(item)}${more}`,
    documentation: textOf(item.documentation),
    tags: tagsOf(item.tags),
    ...(argument && !beyond
      ? {
          argument: {
            signature: signatureText(argument.displayParts),
            documentation: withoutDash(textOf(argument.documentation)),
          },
        }
      : {}),
  }
}

function written(item: ts.SignatureHelpItem): string {
  const parameters = item.parameters.map(({ displayParts }) => signatureText(displayParts))
  const between = signatureText(item.separatorDisplayParts)
  return `${signatureText(item.prefixDisplayParts)}${parameters.join(between)}${signatureText(item.suffixDisplayParts)}`
}
