import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Writer } from './language-cells.js'

const writer = new Writer()
const statusOf = (code: string): unknown => (writer.isComplete(code) as { status: string }).status

test('code that can run is complete', () => {
  for (const code of [
    ...['', '  \n', '// only a comment', '1', "console.log('hi')", 'let x', 'using x = open()', 'await f()', 'return'],
    ...['for await (const x of y) {}', '@frozen class A {}', 'x as const', 'a\n  .b()', 'declare const a: number'],
    ...[
      'function f() {\n  return 1\n}',
      'if (true) {\n  1\n}',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the template is code that is looked at
      '`a ${b} c`',
      'type A = { [K in B]?: C }',
      '/[{]/.test(a)',
    ],
    ...["import { a } from 'b'", 'export const a = 1', 'x satisfies Y', 'class A { #a = 1; static {} }'],
  ])
    assert.deepEqual(writer.isComplete(code), { status: 'complete' }, code)
})

test('code is complete, or goes on, also where TypeScript parses a statement anew because `await` was no name in it', () => {
  const code =
    'let { a, b: { c = (await [...d(0)].length) }, ...e } = { a: 1, b: {}, f: 4 } as object; g(e)\nfor (const i of e) {\n'
  assert.equal(statusOf(`${code}}`), 'complete')
  assert.equal(statusOf(code), 'incomplete')
  assert.equal(statusOf(`${code}} )`), 'invalid')
  assert.equal(statusOf(`${code}}; g(e +)`), 'invalid')
  assert.equal(statusOf(`${code}}; g(e +`), 'incomplete')
})

test('code whose end is missing is incomplete', () => {
  for (const code of [
    ...[
      '{',
      'f(',
      'f(a,',
      '[1, 2',
      '`a',
      '`a ${',
      '`a ${b',
      '/* x',
      '/** x\n * y',
      'if (true)',
      'while (x)',
      'for (;;)',
    ],
    ...[
      'const a =',
      'const a = // the rate',
      'const',
      'const a',
      'const { a }',
      '1 +',
      'x.',
      'x?.',
      'a ? b',
      'a ? b :',
    ],
    ...[
      'import { a',
      'import x from',
      'import',
      'export',
      'try {}',
      'do {}',
      'switch (x) {',
      'x as',
      'type A =',
      'class A',
    ],
    ...['@frozen', 'new', 'x =>', 'let x: Array<', "'abc\\", 'function f() {\n  return 1\n', 'if (a) {\n} else'],
  ])
    assert.equal(statusOf(code), 'incomplete', code)
})

test('code that is wrong whatever follows is invalid', () => {
  for (const code of [
    'const = 5 5',
    'x y z)',
    '}',
    'let 1',
    'a b',
    "f('x",
    "'abc",
    '/abc',
    'if (]',
    'const a = 1 2\nf(',
  ])
    assert.deepEqual(writer.isComplete(code), { status: 'invalid' }, code)
})

test('the next line is indented by two spaces for every line that opened a bracket', () => {
  const indent = (code: string): unknown => (writer.isComplete(code) as { indent: string }).indent
  assert.equal(indent('function f() {'), '  ')
  assert.equal(indent('function f() {\n  if (x) {'), '    ')
  assert.equal(indent('function f() {\n  if (x) {\n    1\n  }'), '  ')
  assert.equal(indent('sweep({'), '  ')
  assert.equal(indent('sweep({\n  lr: [\n    1,'), '    ')
  assert.equal(indent('const pattern = /[{(]/; f('), '  ')
})

test('the next line is indented where an operand is missing', () => {
  const indent = (code: string): unknown => (writer.isComplete(code) as { indent: string }).indent
  assert.equal(indent('if (true)'), '  ')
  assert.equal(indent('const a ='), '  ')
  assert.equal(indent('function f() {\n  return x.'), '    ')
  assert.equal(indent('@frozen'), '')
})

test('a template or a comment that goes on is not indented', () => {
  assert.deepEqual(writer.isComplete('f(`a\n  b'), { status: 'incomplete', indent: '' })
  assert.deepEqual(writer.isComplete('{ /* a'), { status: 'incomplete', indent: '' })
})
