import type ts from 'typescript'

/** The glossary's entry of a key of the configuration. */
export interface SchemaKey {
  /** The meaning in one sentence. */
  readonly description: string
  /** The symbol in the paper. */
  readonly symbol?: string
  /** The name in the published code's configuration. */
  readonly published?: string
  readonly default?: string
}

/**
 * Returns the glossary's entry of a property whose type comes from a zod schema: `key: field(z.int().default(4), { description
 * })` or `key: z.int().meta({ description })`. It is read where the key is declared, so it is right even after an edit, and zod
 * need not be loaded.
 */
export function schemaKeyOf(typescript: typeof ts, symbol: ts.Symbol): SchemaKey | undefined {
  const declared = symbol.declarations?.find(typescript.isPropertyAssignment)
  if (!declared || !typescript.isCallExpression(declared.initializer)) return undefined
  const calls = callsIn(typescript, declared.initializer)
  const meta = calls.flatMap(({ arguments: given }) => given.filter(typescript.isObjectLiteralExpression))
  const texts = Object.assign({}, ...meta.map((object) => textsOf(typescript, object))) as Record<string, string>
  const { description, symbol: sign, published } = texts
  if (!description) return undefined
  const value = calls.find((call) => calledName(typescript, call) === 'default')?.arguments[0]
  return {
    description,
    ...(sign ? { symbol: sign } : {}),
    ...(published ? { published } : {}),
    ...(value ? { default: typescript.isLiteralExpression(value) ? value.text : value.getText() } : {}),
  }
}

/** Returns the calls of `f(a.b(), …)` and `a.b().c()`, outermost first. */
function callsIn(typescript: typeof ts, expression: ts.Expression): ts.CallExpression[] {
  if (!typescript.isCallExpression(expression)) return []
  const called = expression.expression
  const inner = typescript.isPropertyAccessExpression(called) ? called.expression : expression.arguments[0]
  return [expression, ...(inner ? callsIn(typescript, inner) : [])]
}

function calledName(typescript: typeof ts, { expression }: ts.CallExpression): string | undefined {
  return typescript.isPropertyAccessExpression(expression) ? expression.name.text : undefined
}

function textsOf(typescript: typeof ts, object: ts.ObjectLiteralExpression): Record<string, string> {
  return Object.fromEntries(
    object.properties.flatMap((property) =>
      typescript.isPropertyAssignment(property) &&
      typescript.isIdentifier(property.name) &&
      typescript.isStringLiteralLike(property.initializer)
        ? [[property.name.text, property.initializer.text]]
        : [],
    ),
  )
}
