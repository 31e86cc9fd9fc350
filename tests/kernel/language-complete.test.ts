import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { glossary } from '../../lib/tasks/glossary.js'
import { Writer } from './language-cells.js'

const writer = new Writer([
  "import * as fs from 'node:fs'",
  'const rate: number = 1e-3',
  `/** A small net. */
class Net {
  layers = 2
  #hidden = 1
  /** Runs it. */
  forward(x: number): number {
    return x * this.#hidden
  }
}`,
  'let net = new Net()\nconst maybe = Math.random() > 2 ? net : undefined',
  "let columns = { 'first column': 1, 'second column': 2 }",
  'interface Options { mode: "fast" | "exact"; retries?: number }\nfunction go(options: Options) {}',
])

test('members of a name of an earlier cell are offered with their types', () => {
  const { matches, range, details } = writer.complete('net.')
  assert.deepEqual(matches, ['forward', 'layers'])
  assert.deepEqual(range, [4, 4])
  assert.equal(details[0]?.type, 'method')
  assert.equal(details[0]?.signature, '(method) Net.forward(x: number): number')
  assert.equal(details[0]?.documentation, 'Runs it.')
  assert.equal(details[1]?.signature, '(property) Net.layers: number')
})

test('what is typed of a name is replaced, and only names that begin with it are offered', () => {
  const { matches, range } = writer.complete('const y = net.for▮ + 1')
  assert.deepEqual(matches, ['forward'])
  assert.deepEqual(range, [14, 17])
})

test('the type that counts is the one of the latest declaration', () => {
  const redeclared = new Writer(['let value = 1', "let value = 'text'"])
  assert.deepEqual(redeclared.complete('value.charC').matches, ['charCodeAt'])
  assert.deepEqual(redeclared.complete('value.toFix').matches, [])
})

test('names of earlier cells and of the same cell come before global ones', () => {
  const { matches } = writer.complete('const nearby = 1\nn▮')
  assert.ok(matches.includes('new') && matches.includes('null'), matches.join(' '))
  assert.deepEqual(matches.slice(0, 2), ['nearby', 'net'])
})

test('letters of another case are enough where nothing begins as typed', () => {
  assert.deepEqual(writer.complete('net.FOR').matches, ['forward'])
})

test('private members and decorators are names too', () => {
  assert.deepEqual(writer.complete('class B { #inner = 1; get() { return this.#in▮ } }').matches, ['#inner'])
  assert.deepEqual(writer.complete('function frozen() {}\n@fro▮ class C {}').matches, ['frozen'])
})

test('an unfinished call is completed inside its parentheses', () => {
  assert.deepEqual(writer.complete('console.log(net.▮').matches, ['forward', 'layers'])
  assert.deepEqual(writer.complete('console.log(1, net.la▮)\nconst after = 1').matches, ['layers'])
})

test('members of something that may be undefined are reached with ?.', () => {
  const { matches, range } = writer.complete('maybe.fo')
  assert.deepEqual(matches, ['?.forward'])
  assert.deepEqual(range, [5, 8])
})

test('members that are no names are reached with brackets', () => {
  assert.deepEqual(writer.complete('columns.').matches, ["['first column']", "['second column']"])
})

test('offsets count code points', () => {
  assert.deepEqual(writer.complete("'😀😀'; net.la").range, [10, 12])
})

test('modules are offered in an import: packages, modules of Node, subpaths of packages, files', () => {
  assert.deepEqual(writer.complete("import x from 'node:fs▮'").matches, ['node:fs', 'node:fs/promises'])
  assert.ok(writer.complete("import x from 'arq▮'").matches.includes('arquero'))
  assert.ok(writer.complete("import x from '@tensor▮'").matches.includes('@tensorflow/tfjs-core'))
  assert.ok(writer.complete("import x from '@tensorflow/tfjs-c▮'").matches.includes('tfjs-core'))
  assert.deepEqual(writer.complete("import x from 'yaml/u▮'").matches, ['util'])
  assert.deepEqual(writer.complete("import x from '../li▮'").matches, ['lib'])
  assert.ok(writer.complete("import x from '../lib/rand▮'").matches.some((name) => name.startsWith('random')))
  assert.ok(writer.complete("const m = await import('../lib/rand▮").matches.some((name) => name.startsWith('random')))
})

test('names are offered inside the braces of an import', () => {
  assert.deepEqual(writer.complete("import { readFileS▮ } from 'node:fs'").matches, ['readFileSync'])
})

test('an import of the same cell counts before the cell has run', () => {
  assert.deepEqual(writer.complete("import * as path from 'node:path'\npath.baseN▮").matches, ['basename'])
})

test('words that a type allows are offered inside quotes, and take the place of the whole string', () => {
  assert.deepEqual(writer.complete("go({ mode: '▮'").matches, ['fast', 'exact'])
  const { matches, range } = writer.complete("go({ mode: 'f▮ast' })")
  assert.deepEqual(matches, ['fast'])
  assert.deepEqual(range, [12, 16])
})

test('keys that a type expects are offered, without those that are there', () => {
  assert.deepEqual(writer.complete("go({ mode: 'fast', ▮ })").matches, ['retries'])
})

test('keys of the configuration come with what the glossary says of them', () => {
  const { matches, details } = new Writer(["import { sweep } from '../lib'"]).complete('sweep({ ▮')
  assert.deepEqual(
    [...matches].sort(),
    glossary()
      .map(({ key }) => key as string)
      .sort(),
  )
  for (const { key, meaning } of glossary())
    assert.equal(details.find(({ text }) => text === key)?.documentation, meaning, key)
})

test('files are offered in strings that begin like paths; folders end in a slash, hidden ones want a dot', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'recurlab-paths-'))
  mkdirSync(path.join(folder, 'tables'))
  for (const name of ['a b.csv', 'tables/one.csv', 'tables/two.csv', '.hidden'])
    writeFileSync(path.join(folder, name), '')
  const here = new Writer([], folder)
  assert.deepEqual(here.complete("read('./▮')").matches, ['a b.csv', 'tables/'])
  assert.deepEqual(here.complete("read('./.▮')").matches, ['.hidden'])
  const { matches, range } = here.complete("read('./tables/o▮")
  assert.deepEqual(matches, ['one.csv'])
  assert.deepEqual(range, [15, 16])
  assert.deepEqual(here.complete(`read(\`${folder}/tab▮\`)`).matches, ['tables/'])
  assert.deepEqual(here.complete("read('..▮')").matches, ['../'])
  assert.deepEqual(here.complete("read('./nowhere/▮')").matches, [])
  assert.deepEqual(here.complete("read('tab▮')").matches, [])
})

test('nothing is offered in a comment or in plain text', () => {
  assert.deepEqual(writer.complete('// net.▮').matches, [])
  assert.deepEqual(writer.complete("'net.▮'").matches, [])
  assert.deepEqual(writer.complete('const fresh▮').matches, [])
})
