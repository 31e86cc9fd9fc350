import assert from 'node:assert/strict'
import { afterEach, mock, test } from 'node:test'
import { maze, sudoku } from '../../lib/index.js'
import { setHost } from '../../lib/notebook/host.js'
import { fakeHost } from './fake-host.js'

afterEach(() => {
  setHost(null)
  mock.restoreAll()
})

/** Each look at the clock finds it so many milliseconds later. */
function clockThatRuns(ms: number): void {
  let now = 1e6
  mock.method(performance, 'now', () => {
    now += ms
    return now
  })
}

test('data that are long in the making show how far they are in one output, which says at the end that all are there', async () => {
  const host = fakeHost()
  setHost(host)
  clockThatRuns(400)
  await sudoku({ train: 20, test: 10 })
  const texts = host.sent.map(({ bundle }) => String(bundle['text/plain']))
  assert.equal(new Set(host.sent.map(({ id }) => id)).size, 1)
  assert.match(texts.at(1) ?? '', /^generated: .*\d+\/30 puzzles/)
  assert.match(texts.at(-1) ?? '', /^generated: .*30\/30 puzzles/)
})

test('data that are made at once show nothing', async () => {
  const host = fakeHost()
  setHost(host)
  clockThatRuns(0)
  await maze({ size: 6, minPath: 8, train: 4, test: 2 })
  assert.deepEqual(host.sent, [])
})

test('outside a notebook it is standard error that says how far they are', async () => {
  const written: string[] = []
  mock.method(process.stderr, 'write', (text: string) => written.push(text) > 0)
  clockThatRuns(400)
  await maze({ size: 6, minPath: 8, train: 4, test: 2 })
  assert.match(written.join(''), /\d of 6 mazes generated \(\d+ %\)/)
})
