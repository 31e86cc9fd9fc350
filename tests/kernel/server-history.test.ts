import assert from 'node:assert/strict'
import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { type TestContext, test } from 'node:test'
import { answerHistory } from '../../lib/kernel/server/history.js'
import { openHistory } from '../../lib/kernel/server/history-file.js'

function newFolder(t: TestContext): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'recurlab-history-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return path.join(folder, 'history')
}

/** A session that ran these cells; a cell with a result is a pair. */
function session(
  folder: string,
  cells: readonly (string | readonly [string, string])[],
): ReturnType<typeof openHistory> {
  const files = openHistory(folder)
  cells.forEach((cell, at) => {
    files.addInput(at + 1, typeof cell === 'string' ? cell : cell[0])
    if (typeof cell !== 'string') files.addOutput(at + 1, cell[1])
  })
  return files
}

const history = (files: ReturnType<typeof openHistory>, request: Record<string, unknown>): unknown =>
  answerHistory(files, request).history

test('the tail reaches back into earlier sessions, oldest first', (t) => {
  const folder = newFolder(t)
  session(folder, ['a', 'b'])
  const files = session(folder, ['c'])
  assert.deepEqual(history(files, { hist_access_type: 'tail', n: 2 }), [
    [1, 2, 'b'],
    [2, 1, 'c'],
  ])
  assert.equal((history(files, { hist_access_type: 'tail' }) as unknown[]).length, 3)
})

test('with output each cell comes with its result, or null', (t) => {
  const files = session(newFolder(t), [['1 + 1', '2'], 'let a'])
  assert.deepEqual(history(files, { hist_access_type: 'tail', n: 5, output: true }), [
    [1, 1, ['1 + 1', '2']],
    [1, 2, ['let a', null]],
  ])
})

test('a range is of this session, of one by its number, or of one before', (t) => {
  const folder = newFolder(t)
  session(folder, ['a', 'b', 'c'])
  session(folder, ['d'])
  const files = session(folder, ['e', 'f'])
  const range = (request: Record<string, unknown>): unknown => history(files, { hist_access_type: 'range', ...request })
  assert.deepEqual(range({ session: 0, start: 1, stop: 2 }), [[3, 1, 'e']])
  assert.deepEqual(range({ session: 1, start: 2 }), [
    [1, 2, 'b'],
    [1, 3, 'c'],
  ])
  assert.deepEqual(range({ session: 1, start: -1 }), [[1, 3, 'c']])
  assert.deepEqual(range({ session: -1 }), [[2, 1, 'd']])
  assert.deepEqual(range({ session: -9 }), [])
  assert.deepEqual(range({ session: 77 }), [])
})

test('a session without cells has an empty range, and the number that it would get', (t) => {
  const folder = newFolder(t)
  session(folder, ['a'])
  const files = openHistory(folder)
  assert.deepEqual(history(files, { hist_access_type: 'range', session: 0 }), [])
  assert.deepEqual(history(files, { hist_access_type: 'range', session: -1 }), [[1, 1, 'a']])
})

test('a search matches whole cells with a glob; unique and n choose the newest', (t) => {
  const files = session(newFolder(t), ['1+2', 'x', '1+2', '1-2', 'a\n1+2', '1.2', '[b]'])
  const search = (request: Record<string, unknown>): unknown =>
    (history(files, { hist_access_type: 'search', ...request }) as unknown[][]).map(([, line]) => line)
  assert.deepEqual(search({ pattern: '1?2*' }), [1, 3, 4, 6])
  assert.deepEqual(search({ pattern: '1?2*', unique: true }), [3, 4, 6])
  assert.deepEqual(search({ pattern: '1?2*', n: 2 }), [4, 6])
  assert.deepEqual(search({ pattern: '*1+2' }), [1, 3, 5])
  assert.deepEqual(search({ pattern: '1[+-]2' }), [1, 3, 4])
  assert.deepEqual(search({ pattern: '1[^+-]2' }), [6])
  assert.deepEqual(search({ pattern: '1.2' }), [6])
  assert.deepEqual(search({ pattern: '[z-a]' }), [])
  assert.deepEqual(search({ pattern: '[[]b*' }), [7])
  assert.equal((search({}) as unknown[]).length, 7)
})

test('kernels that run together have sessions of their own', (t) => {
  const folder = newFolder(t)
  const [one, two] = [openHistory(folder), openHistory(folder)]
  one.addInput(1, 'one')
  two.addInput(1, 'two')
  one.addInput(2, 'one more')
  assert.notEqual(one.current(), two.current())
  assert.deepEqual(history(one, { hist_access_type: 'range' }), [
    [1, 1, 'one'],
    [1, 2, 'one more'],
  ])
  assert.equal((history(two, { hist_access_type: 'tail' }) as unknown[]).length, 3)
})

test('a line that a killed kernel left half-written is passed over', (t) => {
  const folder = newFolder(t)
  session(folder, ['a'])
  appendFileSync(path.join(folder, '000001.jsonl'), '{"line":2,"inp')
  writeFileSync(path.join(folder, 'notes.txt'), 'x')
  assert.deepEqual(history(session(folder, ['b']), { hist_access_type: 'tail' }), [
    [1, 1, 'a'],
    [2, 1, 'b'],
  ])
})

test('a session of another format version, or of none, is passed over', (t) => {
  const folder = newFolder(t)
  for (const input of ['a', 'b', 'c']) session(folder, [input])
  const replaceFirstLine = (name: string, line: string): void => {
    const file = path.join(folder, name)
    writeFileSync(file, [line, ...readFileSync(file, 'utf8').split('\n').slice(1)].join('\n'))
  }
  replaceFirstLine('000001.jsonl', '{"formatVersion":2}')
  replaceFirstLine('000002.jsonl', '{"line":9,"input":"z"}')
  assert.deepEqual(history(openHistory(folder), { hist_access_type: 'tail' }), [[3, 1, 'c']])
})

test('empty and huge cells are not kept, of a long result only the beginning', (t) => {
  const files = session(newFolder(t), [' \n', 'x'.repeat(200_000), ['ok', 'y'.repeat(10_000)]])
  const kept = history(files, { hist_access_type: 'tail', output: true }) as [number, number, [string, string]][]
  assert.deepEqual(
    kept.map(([, line]) => line),
    [3],
  )
  assert.equal(kept[0]?.[2][1].length, 2000)
})

test('old sessions are removed: beyond five hundred, and beyond twenty megabytes', (t) => {
  const folder = newFolder(t)
  mkdirSync(folder)
  for (let number = 1; number <= 520; number++)
    writeFileSync(path.join(folder, `${String(number).padStart(6, '0')}.jsonl`), '{"line":1,"input":"a"}\n')
  const files = session(folder, ['b'])
  assert.equal(readdirSync(folder).length, 500)
  assert.equal(files.current(), 521)
  writeFileSync(path.join(folder, '000519.jsonl'), ' '.repeat(25_000_000))
  const next = session(folder, ['c'])
  assert.deepEqual(next.sessions(), [520, 521, 522])
})

test('a folder that cannot be written keeps nothing, and harms nothing', (t) => {
  const folder = newFolder(t)
  writeFileSync(folder, 'a file in its place')
  assert.deepEqual(history(session(path.join(folder, 'below'), ['a']), { hist_access_type: 'tail' }), [])
})
