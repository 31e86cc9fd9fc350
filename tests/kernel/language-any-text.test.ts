import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import fc from '../fast-check.js'
import { notebooks, Writer } from './language-cells.js'

/** Code cells of the project's notebooks, and syntax that they do not have. */
const texts = [
  ...readdirSync(notebooks)
    .filter((name) => name.endsWith('.ipynb'))
    .flatMap((name) => {
      const { cells } = JSON.parse(readFileSync(path.join(notebooks, name), 'utf8')) as {
        cells: { cell_type: string; source: string | string[] }[]
      }
      return cells.filter((cell) => cell.cell_type === 'code').map(({ source }) => [source].flat().join(''))
    }),
  `@frozen class A<T extends { a?: 1 }> extends B implements C { static #x = 1; get y() { return this.#x! } }
/** @param {string} a {@link A} */ abstract class D { abstract f(this: A<{}>, ...rest: [a: 1, b?: 2]): asserts a is D }`,
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the template is code that is looked at
  'const t = `a ${b + `${c}`} 😀 d`; const re = /[/}]\\//giu; label: for await (const { a = 1, ...b } of c?.[0]?.()) continue label',
  'enum E { A = 1 << 2 } namespace N { export const x = <T,>(y: T) => y satisfies unknown } declare global { var z: E.A }',
  "import a, { type b as c } from './x.json' with { type: 'json' }; export { c as 'd e' }; using u = await import('node:fs')",
]
/** A piece of such a text, or one with a piece replaced by what somebody may be typing, and a cursor. */
const cut = fc
  .tuple(
    fc.constantFrom(...texts),
    fc.nat(),
    fc.nat(),
    fc.option(
      fc.constantFrom('', '.', '?.', '(', '{ ', "'", '`${', 'new ', '[', ', ', '@', '<', '#', '=> ', '\n', '😀'),
    ),
    fc.integer({ min: -2, max: 3000 }),
  )
  .map(([text, a, b, typed, anywhere]) => {
    const [from, to] = [a % (text.length + 1), b % (text.length + 1)].sort((x, y) => x - y) as [number, number]
    const code = typed === null ? text.slice(from, to) : `${text.slice(0, from)}${typed}${text.slice(to)}`
    const cursor = typed === null || anywhere % 2 === 0 ? anywhere : from + typed.length
    return { code, cursor: cursor > code.length + 2 ? cursor % (code.length + 1) : cursor }
  })

const writer = new Writer(["import * as lib from '../lib'", 'const rows = [{ a: 1 }]'])

test('no text and no cursor makes completion or inspection fail, and offsets stay inside the text', () => {
  fc.assert(
    fc.property(cut, ({ code, cursor }) => {
      const { complete } = writer.ask(code, cursor)
      const [start, end] = [complete.cursor_start as number, complete.cursor_end as number]
      const at = Array.from(code.slice(0, Math.max(0, cursor))).length
      assert.ok(0 <= start && start <= at && at <= end && end <= Array.from(code).length, `${start} ${at} ${end}`)
      assert.equal((complete.matches as unknown[]).length, new Set(complete.matches as string[]).size)
    }),
    { numRuns: 150 },
  )
})

test('completion works in a cell that declares something for all files', () => {
  const code = 'num E { A = 1 << 2 } declare global { var z: E.A }'
  assert.ok((writer.ask(code, 5).complete.matches as unknown[]).length > 0)
})

test('every text is complete, incomplete with an indent, or invalid', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        cut.map(({ code }) => code),
        fc.string({ unit: 'binary' }),
      ),
      (code) => {
        const reply = writer.isComplete(code) as { status: string; indent?: string }
        assert.ok(['complete', 'incomplete', 'invalid'].includes(reply.status))
        assert.equal(reply.status === 'incomplete', typeof reply.indent === 'string')
      },
    ),
    { numRuns: 500 },
  )
})

test('the texts themselves are complete', () => {
  for (const code of texts) assert.deepEqual(writer.isComplete(code), { status: 'complete' }, code)
})
