import type TypeScript from 'typescript'
import { UserError } from '../errors.js'
import { nearest } from '../options/nearest.js'
import { type Cell, hasTag, type Notebook, sourceOf } from './notebook.js'

/** Tag of the cell that declares the notebook's parameters. */
const PARAMETERS_TAG = 'parameters'
/** Tag of the cell that sets the given parameters. */
const INJECTED_TAG = 'injected-parameters'

type Kind = 'number' | 'bigint' | 'string' | 'boolean' | 'array' | 'object'

interface Parameter {
  readonly name: string
  /** Kind of the value in the cell, if it can be determined without running the cell. */
  readonly kind: Kind | null
  /** `: number`, as written in the cell. */
  readonly annotation: string
  readonly isConst: boolean
}

/**
 * Sets parameters: a cell after the one tagged `parameters` declares them again with the given values. A value is parsed as
 * JSON if possible, else it is text; a parameter that is text in the notebook stays text, and a BigInt stays a BigInt. A
 * cell injected earlier is replaced.
 *
 * @returns a new notebook; the same one if no parameters are given. `where` names the notebook in errors.
 * @throws UserError (exit code 2) if there is no parameters cell, a name is not declared in it, or a value is of another
 * kind than the notebook's.
 */
export async function injectParameters(
  notebook: Notebook,
  given: ReadonlyMap<string, string>,
  where: string,
): Promise<Notebook> {
  if (given.size === 0) return notebook
  const at = notebook.cells.findIndex((cell) => cell.cell_type === 'code' && hasTag(cell, PARAMETERS_TAG))
  const parametersCell = notebook.cells[at]
  if (!parametersCell)
    throw new UserError({
      where,
      expected: `a cell tagged "${PARAMETERS_TAG}" that declares ${[...given.keys()].join(', ')}`,
      found: 'none',
      todo: 'Run the notebook without key=value, or tag the cell in JupyterLab (Property Inspector).',
      exitCode: 2,
    })
  // Loaded only when needed: it takes half a second.
  const { default: ts } = await import('typescript')
  const declared = declaredIn(ts, sourceOf(parametersCell))
  const lines = [...given].map(([name, text]) => assignment(find(name, declared, where), text, where))
  const injected: Cell = {
    cell_type: 'code',
    ...(parametersCell.id === undefined ? {} : { id: INJECTED_TAG }),
    metadata: { tags: [INJECTED_TAG] },
    source: ['// Set on the command line.', ...lines].join('\n'),
    outputs: [],
    execution_count: null,
  }
  const rest = notebook.cells.slice(at + 1).filter((cell) => !hasTag(cell, INJECTED_TAG))
  return { ...notebook, cells: [...notebook.cells.slice(0, at + 1), injected, ...rest] }
}

function find(name: string, declared: readonly Parameter[], where: string): Parameter {
  const parameter = declared.find((one) => one.name === name)
  if (parameter) return parameter
  const names = declared.map((one) => one.name)
  const near = nearest(name, names)
  throw new UserError({
    where: `${where}, cell tagged "${PARAMETERS_TAG}"`,
    expected: names.length ? `one of ${names.join(', ')}` : 'a declaration',
    found: name,
    todo: near ? `Did you mean ${near}?` : 'Declare it there with let.',
    exitCode: 2,
  })
}

function assignment(parameter: Parameter, text: string, where: string): string {
  const { name, kind, annotation, isConst } = parameter
  const value = readValue(text, kind)
  const found = kindOf(value)
  if (kind !== null && found !== kind)
    throw new UserError({
      where: `${where}, parameter ${name}`,
      expected: `a value of kind ${kind}, as in the notebook`,
      found: text,
      exitCode: 2,
    })
  if (Number.isInteger(value) && !Number.isSafeInteger(value) && /^\s*-?\d+\s*$/.test(text))
    throw new UserError({
      where: `${where}, parameter ${name}`,
      expected: 'a whole number that is exact in double precision',
      found: text,
      todo: `Declare it as a BigInt, e.g. let ${name} = 1n.`,
      exitCode: 2,
    })
  const literal = typeof value === 'bigint' ? `${value}n` : literalOf(value)
  return `let ${name}${annotation} = ${literal}${isConst ? ' as const' : ''}`
}

/** Returns JSON as an expression. The key `__proto__`, which would set the prototype of an object literal, is computed. */
function literalOf(value: unknown): string {
  return JSON.stringify(value).replace(/(?<=[{,])"__proto__":/g, '["__proto__"]:')
}

function readValue(text: string, kind: Kind | null): unknown {
  if (kind === 'bigint' && /^-?\d+n?$/.test(text)) return BigInt(text.replace('n', ''))
  try {
    const value: unknown = JSON.parse(text)
    if (kind !== 'string' || typeof value === 'string') return value
  } catch {
    // Not JSON: the text itself.
  }
  return text
}

function kindOf(value: unknown): Kind | 'null' {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'array' : (typeof value as Kind)
}

/** Returns the names that a parameters cell declares. */
function declaredIn(ts: typeof TypeScript, source: string): Parameter[] {
  const file = ts.createSourceFile('parameters.ts', source, ts.ScriptTarget.Latest, true)
  return file.statements.filter(ts.isVariableStatement).flatMap((statement) =>
    statement.declarationList.declarations.flatMap(({ name, type, initializer }) => {
      if (!ts.isIdentifier(name)) return []
      const isConst =
        initializer !== undefined && ts.isAsExpression(initializer) && initializer.type.getText(file) === 'const'
      return [
        {
          name: name.text,
          kind: kindOfNode(ts, initializer),
          annotation: type ? `: ${type.getText(file)}` : '',
          isConst,
        },
      ]
    }),
  )
}

function kindOfNode(ts: typeof TypeScript, node: TypeScript.Expression | undefined): Kind | null {
  if (!node) return null
  if (ts.isAsExpression(node) || ts.isSatisfiesExpression(node) || ts.isParenthesizedExpression(node))
    return kindOfNode(ts, node.expression)
  if (ts.isPrefixUnaryExpression(node)) return signed(kindOfNode(ts, node.operand))
  if (ts.isNumericLiteral(node)) return 'number'
  if (ts.isBigIntLiteral(node)) return 'bigint'
  if (ts.isStringLiteralLike(node)) return 'string'
  if (ts.isArrayLiteralExpression(node)) return 'array'
  if (ts.isObjectLiteralExpression(node)) return 'object'
  return node.kind === ts.SyntaxKind.TrueKeyword || node.kind === ts.SyntaxKind.FalseKeyword ? 'boolean' : null
}

/** Returns the kind of a signed value from that of the value. */
function signed(kind: Kind | null): Kind | null {
  return kind === 'number' || kind === 'bigint' ? kind : null
}
