import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { makeFolder, makeNotebook } from './compiler-folder.js'

const folder = makeFolder()
after(() => folder.close())

test('with Node’s types, names of cells are renamed and globals are not, however a cell exports them', () => {
  const notebook = makeNotebook(folder.path)
  let id = 0
  const compiled = (code: string): string | undefined => {
    const reply = notebook.calls.cell({ id: ++id, code, typeErrors: 'error' })
    return reply.failure === null ? /\$rl\.result\((.*)\);/.exec(reply.code)?.[1] : reply.failure.evalue
  }
  assert.equal(compiled('[process.pid, URL, { performance }]'), '[process.pid, URL, { performance }]')
  compiled('export default function process() {}; export class URL {}; const performance = 1')
  assert.equal(
    compiled('[process(), new URL(), { process, URL, performance }]'),
    '[process$(), new URL$(), { process: process$, URL: URL$, performance: performance$ }]',
  )
  assert.equal(
    compiled('[{ process: 1 }.process, ((process: number) => process)(1), fetch]'),
    '[{ process: 1 }.process, ((process) => process)(1), fetch]',
  )
})
