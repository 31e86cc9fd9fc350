import ts from 'typescript'
import { tokenAt } from './internals/tokens.js'

/** The reason under an error: a type that a literal was widened to, and one that takes certain literals or a tuple only. */
const WIDENED = /Type '(?:string|number|boolean|[^']*\[\])' is not assignable to type '[^']*(?:["[\d]|true|false)/

/**
 * The fix for a variable whose value is rejected because TypeScript widened its literals: `{ model: 'trm' }` is
 * `{ model: string }` once it has a name. Empty for every other error.
 */
export function howToKeepLiterals({ messageText, file, start }: ts.Diagnostic, checker: ts.TypeChecker): string {
  if (!file || start === undefined || !WIDENED.test(ts.flattenDiagnosticMessageText(messageText, ' '))) return ''
  const { name, declaration } = namesAt(tokenAt(file, start))
    .map((name) => ({ name, declaration: declarationOf(name, checker) }))
    .find(({ declaration }) => declaration !== null) ?? { name: null, declaration: null }
  if (!name || !declaration?.initializer) return ''
  const isConst = (ts.getCombinedNodeFlags(declaration) & ts.NodeFlags.Const) !== 0
  const shape = ts.isObjectLiteralExpression(declaration.initializer)
    ? '{ … }'
    : ts.isArrayLiteralExpression(declaration.initializer)
      ? '[ … ]'
      : null
  const what = `The values of ${name.text} were widened to any of their type when it was declared.`
  if (shape === null) return isConst ? '' : `${what} Write \`const ${name.text} = …\`, or give it its type.`
  const type = typeWanted(name, checker)
  const typed = type === null ? '' : `, or \`const ${name.text}: ${type} = ${shape}\``
  return `${what} Write \`const ${name.text} = ${shape} as const\`${typed}.`
}

/** Variables whose values may be meant by an error that begins at a token. */
function namesAt(token: ts.Node): ts.Identifier[] {
  const { parent } = token
  const value =
    (ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent)) && parent.name === token
      ? parent.initializer
      : token
  return value ? namesIn(value) : []
}

function namesIn(value: ts.Node): ts.Identifier[] {
  if (ts.isIdentifier(value)) return [value]
  const literal = ts.isObjectLiteralExpression(value) ? value : value.parent
  if (!ts.isObjectLiteralExpression(literal)) return []
  return literal.properties.flatMap((property) =>
    ts.isSpreadAssignment(property) && ts.isIdentifier(property.expression) ? [property.expression] : [],
  )
}

/** The declaration of a variable with a literal for its value and no type of its own. */
function declarationOf(name: ts.Identifier, checker: ts.TypeChecker): ts.VariableDeclaration | null {
  const symbol = ts.isShorthandPropertyAssignment(name.parent)
    ? checker.getShorthandAssignmentValueSymbol(name.parent)
    : checker.getSymbolAtLocation(name)
  const declaration = symbol?.valueDeclaration
  if (!declaration || !ts.isVariableDeclaration(declaration) || declaration.type) return null
  const { initializer } = declaration
  const isLiteral =
    initializer &&
    (ts.isObjectLiteralExpression(initializer) ||
      ts.isArrayLiteralExpression(initializer) ||
      ts.isLiteralExpression(initializer))
  return isLiteral ? declaration : null
}

/** The type of the parameter that an argument is for, where it has a name. */
function typeWanted(argument: ts.Identifier, checker: ts.TypeChecker): string | null {
  const call = argument.parent
  if (!ts.isCallExpression(call)) return null
  const parameter = checker.getResolvedSignature(call)?.parameters[call.arguments.indexOf(argument)]?.valueDeclaration
  const type = parameter && ts.isParameter(parameter) ? parameter.type : undefined
  return type && ts.isTypeReferenceNode(type) && ts.isIdentifier(type.typeName) && !type.typeArguments
    ? type.typeName.text
    : null
}
