import assert from 'node:assert/strict'
import { utimesSync } from 'node:fs'
import { type TestContext, test } from 'node:test'
import { createCalls } from '../../lib/kernel/compiler/calls.js'
import { Cells } from '../../lib/kernel/compiler/cells.js'
import { type Folder, makeFolder, root } from './compiler-folder.js'

/** Seconds since 1970. */
const OLD = 1_000_000_000

/** A notebook whose compiler has read lib ahead, as the snapshot of set-up has. */
function readAhead(t: TestContext): {
  folder: Folder
  /** The error in a cell; undefined when there is none. */
  wrong(code: string): string | undefined
  /** Code of the modules of lib, as the cells' process gets it; or why it gets none. */
  codeOfLib(): string
  program(): unknown
  aside: unknown
} {
  const folder = makeFolder({
    'lib/index.ts': `export { a } from './a.js'\nexport { b } from './b'\n`,
    'lib/a.ts': 'export const a: number = 1\n',
    'lib/b/index.ts': 'export const b: string = "old"\n',
    'notebooks/x.txt': '',
  })
  t.after(() => folder.close())
  utimesSync(folder.file('lib/a.ts'), OLD, OLD)
  const notebooks = folder.file('notebooks')
  const cells = new Cells(root, notebooks)
  const before = cells.programs.state
  const early = createCalls(root, cells, 'test')
  assert.equal(early.cell({ id: 0, code: "import { a, b } from '../lib'; a + b", typeErrors: 'error' }).failure, null)
  const aside = cells.programs.program
  cells.programs.setAside(before)
  cells.begin(notebooks)
  const calls = createCalls(root, cells, 'test')
  return {
    folder,
    wrong: (code) => calls.cell({ id: 1, code, typeErrors: 'error' }).failure?.evalue,
    codeOfLib() {
      const reply = calls.modules({ specifier: '../lib', from: `${notebooks}/` })
      return reply.failure === null ? reply.modules.map(({ code }) => code).join('\n') : reply.failure.evalue
    },
    program: () => cells.programs.program,
    aside,
  }
}

test('what was read ahead is not known to a notebook before it imports it, and is used as it is then', (t) => {
  const { wrong, program, aside, codeOfLib } = readAhead(t)
  assert.match(wrong('a') ?? '', /Cannot find name 'a'/)
  assert.notEqual(program(), aside)
  assert.equal(wrong("import { a } from '../lib'; a.toFixed(1)"), undefined)
  assert.equal(program(), aside)
  assert.match(codeOfLib(), /"old"/)
})

test('a file that was edited since is read anew, for types and for code', (t) => {
  const { folder, wrong, program, aside, codeOfLib } = readAhead(t)
  folder.write('lib/a.ts', 'export const a: { readonly deep: 2 } = { deep: 2 }\n')
  assert.equal(wrong("import { a } from '../lib'; a.deep"), undefined)
  assert.notEqual(program(), aside)
  assert.match(codeOfLib(), /deep: 2/)
})

test('a file that came since is found where an import now means it', (t) => {
  const { folder, wrong, codeOfLib } = readAhead(t)
  folder.write('lib/b.ts', 'export const b: string[] = ["new"]\n')
  assert.equal(wrong("import { b } from '../lib'; b.concat()"), undefined)
  const code = codeOfLib()
  assert.match(code, /"new"/)
  assert.doesNotMatch(code, /"old"/)
})

test('a file that is gone since is missing', (t) => {
  const { folder, wrong, codeOfLib } = readAhead(t)
  folder.remove('lib/a.ts')
  wrong("import { a } from '../lib'; a")
  assert.match(codeOfLib(), /'\.\/a\.js' does not exist/)
})

test('an edit after the import is taken over by the next cell', (t) => {
  const { folder, wrong } = readAhead(t)
  assert.equal(wrong("import { a } from '../lib'; a.toFixed(1)"), undefined)
  folder.write('lib/a.ts', 'export const a: string = "text"\n')
  assert.match(wrong('a.toFixed(1)') ?? '', /toFixed/)
})

test('a notebook that also imports what was not read ahead gets both', (t) => {
  const { folder, wrong } = readAhead(t)
  folder.write('notebooks/own.ts', 'export const own = 5\n')
  assert.equal(wrong("import { own } from './own'; own.toFixed()"), undefined)
  assert.equal(wrong("import { a } from '../lib'; a.toFixed() + own"), undefined)
})

test('an edit with the size and the time of what was there is seen, before the import and after it', (t) => {
  const { folder, wrong, codeOfLib } = readAhead(t)
  const file = folder.file('lib/a.ts')
  const edit = (text: string): void => {
    folder.write('lib/a.ts', text)
    utimesSync(file, OLD, OLD)
  }
  edit('export const a: number = 5\n')
  assert.equal(wrong("import { a } from '../lib'; a.toFixed(1)"), undefined)
  assert.match(codeOfLib(), /a = 5/)
  edit('export const a: 5.0000 = 5\n')
  assert.match(wrong('const b: 6 = a') ?? '', /Type '5' is not assignable to type '6'/)
})
