import { createRequire } from 'node:module'
import path from 'node:path'
import { runInNewContext } from 'node:vm'
import type TypeScript from 'typescript'
import { functionOf, isFunctionRecord } from '../../config/functions.js'
import type { Config } from '../../config/schema.js'
import type { Metrics } from '../../evaluate/own-metrics.js'
import { fileOperations as fs } from '../../files/operations.js'
import { projectFolder } from '../../files/places.js'

const require = createRequire(import.meta.url)

/**
 * Returns notes on a run's own functions that use variables from outside their text: the record and the run's identity hold
 * the text, not the values of such variables. One sentence per function.
 *
 * @example
 * 'the mixer conv uses width from outside: its value is not in the record'
 */
export function outsideNotes({ mixer, loss }: Pick<Config, 'mixer' | 'loss'>, metrics: Metrics): string[] {
  const own: [what: string, functions: readonly unknown[]][] = []
  if (isFunctionRecord(mixer)) {
    const { weights, apply } = functionOf('mixer', mixer)
    own.push([`the mixer ${mixer.name}`, [weights, apply]])
  }
  if (isFunctionRecord(loss)) own.push([`the loss ${loss.name}`, [functionOf('loss', loss)]])
  for (const [name, metric] of Object.entries(metrics)) own.push([`the metric ${name}`, [metric]])
  if (own.length === 0) return []
  // Loaded only when needed, since it takes a fifth of a second; `import` would take three times as long.
  const ts = require('typescript') as typeof TypeScript
  const known = knownNames(ts)
  return own.flatMap(([what, functions]) => {
    const names = [...new Set(functions.flatMap((each) => namesFromOutside(ts, String(each), known)))]
    if (names.length === 0) return []
    const [last, ...others] = names.toReversed()
    const list = others.length === 0 ? last : `${others.toReversed().join(', ')} and ${last}`
    const rest = others.length === 0 ? 'its value is' : 'their values are'
    return [`${what} uses ${list} from outside: ${rest} not in the record`]
  })
}

/** Globals of Node that are not JavaScript's own. */
const OF_NODE = ['console', 'process', 'performance', 'Buffer', 'structuredClone', 'TextEncoder', 'TextDecoder', 'URL']

/** Returns the names that have the same meaning in every run: globals, and what the library exports. */
function knownNames(ts: typeof TypeScript): ReadonlySet<string> {
  const ofJavaScript = runInNewContext('Object.getOwnPropertyNames(globalThis)') as string[]
  const names = new Set([...ofJavaScript, ...OF_NODE, 'arguments'])
  const index = path.join(projectFolder, 'lib', 'index.ts')
  const { statements } = ts.createSourceFile(index, fs.readFileSync(index, 'utf8'), ts.ScriptTarget.Latest)
  for (const statement of statements)
    if (ts.isExportDeclaration(statement) && statement.exportClause) {
      const { exportClause: clause } = statement
      for (const { name } of ts.isNamedExports(clause) ? clause.elements : [clause]) names.add(name.text)
    }
  return names
}

/** Returns the names that a function's text uses and neither declares nor has in `known`, in the order of their use. */
function namesFromOutside(ts: typeof TypeScript, text: string, known: ReadonlySet<string>): string[] {
  const declared = new Set<string>()
  const used = new Set<string>()
  const visit = (node: TypeScript.Node): void => {
    if (ts.isIdentifier(node)) {
      if (declares(ts, node)) declared.add(node.text)
      else if (isUse(ts, node) && !isCompiledImport(ts, node)) used.add(node.text)
    }
    ts.forEachChild(node, visit)
  }
  visit(functionIn(ts, text))
  return [...used].filter((name) => !declared.has(name) && !known.has(name))
}

/** Returns the function of a text: an expression, or a method of an object. */
function functionIn(ts: typeof TypeScript, text: string): TypeScript.Node {
  const parsed = (code: string): TypeScript.SourceFile =>
    ts.createSourceFile('function.js', code, ts.ScriptTarget.Latest, true, ts.ScriptKind.JS)
  const [statement] = parsed(`(${text}\n)`).statements
  const expression =
    statement && ts.isExpressionStatement(statement) && ts.isParenthesizedExpression(statement.expression)
      ? statement.expression.expression
      : null
  const isFunction = expression && (ts.isArrowFunction(expression) || ts.isFunctionExpression(expression))
  return isFunction ? expression : parsed(`({ ${text}\n})`)
}

/** Returns whether an identifier is a name that its parent declares. */
function declares(ts: typeof TypeScript, node: TypeScript.Identifier): boolean {
  const { parent } = node
  const isDeclaration =
    ts.isVariableDeclaration(parent) ||
    ts.isParameter(parent) ||
    ts.isBindingElement(parent) ||
    ts.isFunctionDeclaration(parent) ||
    ts.isFunctionExpression(parent) ||
    ts.isClassDeclaration(parent) ||
    ts.isClassExpression(parent)
  return isDeclaration && parent.name === node
}

/** Returns whether an identifier stands for a variable, rather than for a property or a label. */
function isUse(ts: typeof TypeScript, node: TypeScript.Identifier): boolean {
  const { parent } = node
  if (ts.isPropertyAccessExpression(parent) || ts.isMetaProperty(parent)) return parent.name !== node
  if (ts.isBindingElement(parent)) return parent.propertyName !== node
  if (ts.isLabeledStatement(parent) || ts.isBreakOrContinueStatement(parent)) return false
  return !(
    (ts.isPropertyAssignment(parent) || ts.isClassElement(parent) || ts.isMethodDeclaration(parent)) &&
    parent.name === node
  )
}

/** Returns whether an identifier is a module that compiled code imports: `index_js_1` in `index_js_1.tf`. */
function isCompiledImport(ts: typeof TypeScript, node: TypeScript.Identifier): boolean {
  const { parent } = node
  return /_\d+$/.test(node.text) && ts.isPropertyAccessExpression(parent) && parent.expression === node
}
