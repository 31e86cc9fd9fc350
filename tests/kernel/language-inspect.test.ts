import assert from 'node:assert/strict'
import { test } from 'node:test'
import { glossary } from '../../lib/tasks/glossary.js'
import { Writer } from './language-cells.js'

const writer = new Writer([
  'const rate: number = 1e-3',
  `/**
 * Adds up.
 *
 * @param values what is added, see {@link Math.sqrt}
 * @param start - where it begins
 * @defaultValue 0
 * @returns the sum
 * @throws RangeError for no values
 * @example
 * total([1, 2])
 * @source arXiv:2510.04871, section 2
 */
function total(values: number[], start = 0): number {
  return values.reduce((sum, value) => sum + value, start)
}`,
  `function either(a: string): string
function either(a: number): number
function either(a: string | number) { return a }`,
  `/** A net. */
class Net {
  readonly layers = 2
  private secret = 1
  #own = 2
  constructor(readonly width: number) {}
  forward(x: number): number {
    return x + this.secret + this.#own
  }
}
const net = new Net(3)`,
  'interface Shape { side: number; area?(): number }',
])

const textOf = (text: string, detail = 0): string =>
  writer.inspect(text, detail)?.text ?? assert.fail(`nothing: ${text}`)

test('a method of Node is described with the cursor at its end', () => {
  assert.match(textOf('console.log'), /^\(method\) Console\.log\(message\?: any, .*\): void/)
})

test('a name of an earlier cell has its type, wherever in the word the cursor is', () => {
  for (const text of ['rate', 'r▮ate', '▮rate', 'const x = (rate▮ + 1)'])
    assert.equal(textOf(text), 'const rate: number')
})

test('TSDoc is shown with parameters, result, errors, default, example and source', () => {
  assert.equal(
    textOf('total'),
    `function total(values: number[], start?: number): number

Adds up.

Parameters:
  values: what is added, see Math.sqrt
  start: where it begins

Returns: the sum

Throws: RangeError for no values

Default: 0

Example:
total([1, 2])

Source: arXiv:2510.04871, section 2`,
  )
})

test('the same as Markdown', () => {
  const { markdown } = writer.inspect('total')!
  assert.ok(markdown.startsWith('```ts\nfunction total(values: number[], start?: number): number\n```\n\nAdds up.'))
  assert.ok(markdown.includes('**Parameters:**\n\n- `values` what is added'), markdown)
  assert.ok(markdown.includes('**Example:**\n\n```ts\ntotal([1, 2])\n```'), markdown)
})

test('overloads are counted', () => {
  assert.equal(textOf('either'), 'function either(a: string): string (+1 overload)')
})

test('a class shows its public members', () => {
  assert.equal(
    textOf('Net'),
    `class Net {
  constructor(width: number)
  readonly layers: 2
  readonly width: number
  forward(x: number): number
}

A net.`,
  )
  assert.equal(textOf('net'), 'const net: Net')
  assert.equal(textOf('net.for▮ward(1)'), '(method) Net.forward(x: number): number')
})

test('a type that stands alone is described too', () => {
  assert.equal(textOf('Shape'), 'interface Shape {\n  side: number\n  area?(): number\n}')
  assert.equal(textOf('let s: Shape▮ = 1'), 'interface Shape {\n  side: number\n  area?(): number\n}')
})

test('of a class that was declared again the name stays plain', () => {
  const redeclared = new Writer(['class A { one = 1 }\nlet a = new A()', 'class A { two = 2 }'])
  assert.equal(redeclared.inspect('a')?.text, 'let a: A')
})

test('an imported name is described as what it is', () => {
  const text = writer.inspect("import { existsSync as is } from 'node:fs'\nis▮('a')")?.text
  assert.match(text ?? '', /^function existsSync\(path: (?:fs\.)?PathLike\): boolean/)
})

test('the second level says where it is declared and shows the source', () => {
  assert.equal(
    textOf('rate', 1),
    'const rate: number\n\nDeclared: an earlier cell, line 1\n\nconst rate: number = 1e-3',
  )
  assert.match(textOf('let own = 1\nown▮', 1), /Declared: this cell, line 1\n\nlet own = 1$/)
  const lib = new Writer().inspect("import { nearest } from '../lib/options/nearest'\nnearest▮", 1)?.text
  assert.match(lib ?? '', /Declared: \.\.\/lib\/options\/nearest\.ts:\d+\n\nexport function nearest\(/)
})

test('behind a parenthesis or a comma the call is described with the argument that comes', () => {
  assert.ok(
    textOf('total(').startsWith('total(values: number[], start?: number): number\n\nArgument: values: number[] — '),
  )
  assert.ok(textOf('total([1], ▮)').includes('\n\nArgument: start?: number — where it begins\n\n'))
  assert.ok(textOf('new Net(▮').startsWith('Net(width: number): Net\n\nArgument: width: number'))
  assert.equal(textOf('either(▮)').split('\n', 1)[0], 'either(a: string): string (+1 overload)')
})

test('a key of the configuration has its meaning, symbol, published name and default', () => {
  const configuring = new Writer(["import { sweep } from '../lib'"])
  for (const { key, meaning, symbol, published, default: value } of glossary()) {
    const text = configuring.inspect(`sweep({ ${key}▮: null })`)?.text ?? ''
    const expected = [
      meaning,
      ...(symbol ? [`Symbol in the paper: ${symbol}`] : []),
      ...(published ? [`Published code: ${published}`] : []),
      `Default: ${value}`,
    ]
    assert.deepEqual(text.split('\n\n').slice(1), expected, key)
  }
  assert.match(configuring.inspect('sweep({ hidden')?.text ?? '', /Hidden size\./)
  assert.match(configuring.inspect("sweep({ mixer: 'ml▮p' })")?.text ?? '', /^\(property\) mixer.*\n\nToken mixer/)
})

test('where there is nothing, nothing is found', () => {
  for (const text of ['', ' ▮ ', 'unknownName', '// rate', 'if▮ (true) {}', '1 + ▮2', "'rate'"])
    assert.equal(writer.inspect(text), null, text)
})
