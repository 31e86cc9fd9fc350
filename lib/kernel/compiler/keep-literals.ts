import ts from 'typescript'
import { tokenAt } from './internals/tokens.js'

/** Matches reasons about a type that a literal was widened to, where only certain literals or a tuple are accepted. */
const WIDENED = /Type '(?:string|number|boolean|[^']*\[\])' is not assignable to type '[^']*(?:["[\d]|true|false)/

/**
 * Returns the fix for a variable whose value is rejected because TypeScript widened its literals: `{ model: 'trm' }` is
 * `{ model: string }` once it has a name. Returns an empty text for every other error.
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
  const what = `TypeScript widened the type of ${name.text} when it was declared.`
  if (shape === null) return isConst ? '' : `${what} Write \`const ${name.text} = …\`, or give it its type.`
  const type = typeWanted(name, checker)
  const typed = type === null ? '' : `, or \`const ${name.text}: ${type} = ${shape}\``
  return `${what} Write \`const ${name.text} = ${shape} as const\`${typed}.`
}

/** Returns the variables whose values an error at a token may be about. */
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

/** Returns the declaration of a variable with a literal as its value and no declared type; null for others. */
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

/** Returns the name of the type of an argument's parameter; null where the type has none. */
function typeWanted(argument: ts.Identifier, checker: ts.TypeChecker): string | null {
  const call = argument.parent
  if (!ts.isCallExpression(call)) return null
  const parameter = checker.getResolvedSignature(call)?.parameters[call.arguments.indexOf(argument)]?.valueDeclaration
  const type = parameter && ts.isParameter(parameter) ? parameter.type : undefined
  return type && ts.isTypeReferenceNode(type) && ts.isIdentifier(type.typeName) && !type.typeArguments
    ? type.typeName.text
    : null
}
