import assert from 'node:assert/strict'
import { afterEach, mock, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Interrupted, progress, UserError } from '../../lib/index.js'
import { setHost } from '../../lib/notebook/host.js'
import { asOneLine } from '../../lib/notebook/progress-forms.js'
import { openMeter } from '../../lib/notebook/progress-meter.js'
import { remainingSeconds, type TimeLeft } from '../../lib/notebook/progress-text.js'
import { type FakeHost, fakeHost } from './fake-host.js'

afterEach(() => {
  setHost(null)
  mock.restoreAll()
})

const texts = ({ sent }: FakeHost): string[] => sent.map(({ bundle }) => String(bundle['text/plain']))

/** Goes on by hand, so that no test waits for the clock. */
function fakeClock(): (ms: number) => void {
  let now = 1e6
  mock.method(performance, 'now', () => now)
  return (ms) => {
    now += ms
  }
}

/** The terminal or the file that is printed to. */
function fakeStdout(isTTY: boolean): string[] {
  const written: string[] = []
  mock.method(process.stdout, 'write', (text: string) => written.push(text) > 0)
  const tty = Object.getOwnPropertyDescriptor(process.stdout, 'isTTY')
  Object.defineProperty(process.stdout, 'isTTY', { value: isTTY, configurable: true })
  afterEach(() => {
    if (tty) Object.defineProperty(process.stdout, 'isTTY', tty)
    else delete (process.stdout as { isTTY?: boolean }).isTTY
  })
  return written
}

test('a loop without await changes one output twice a second, with bar, rate, time to go and the best so far', () => {
  const host = fakeHost()
  const pass = fakeClock()
  const steps = progress(100, { label: 'mlp' })
  const seen: number[] = []
  for (const step of steps) {
    seen.push(step)
    steps.report({ loss: Math.abs(50 - step) / 100 })
    pass(40)
  }
  assert.deepEqual(seen, Array.from(Array(100).keys()))
  assert.deepEqual([host.sent[0]!.kind, new Set(host.sent.map(({ id }) => id)).size], ['display', 1])
  assert.ok(host.sent.length <= 2 + 4 * 2, `${host.sent.length} messages in 4 s`)
  assert.equal(
    asOneLine(texts(host)[5]!),
    'mlp: █████████████░░░░░░░ 65/100 steps · 25.0 steps/s · 3 s so far, 1 s left · loss 0.14 (best 0 at 50)',
  )
  assert.equal(
    asOneLine(texts(host).at(-1)!),
    `mlp: ${'█'.repeat(20)} 100/100 steps · 25.0 steps/s · took 4 s · loss 0.49 (best 0 at 50)`,
  )
})

test('whoever leaves a loop by break or throw sees where', () => {
  const host = fakeHost()
  const pass = fakeClock()
  for (const step of progress(100)) {
    pass(10)
    if (step === 37) break
  }
  assert.match(texts(host).at(-1)!, /^stopped at 37 of 100 steps · .* · took 0\.4 s$/)
  assert.throws(() => {
    for (const item of progress(new Set(['a', 'b', 'c']), { unit: 'files' })) if (item === 'c') throw new Error('c')
  }, /^Error: c$/)
  assert.match(texts(host).at(-1)!, /^stopped at 2 of 3 files/)
})

test('a loop whose cell is stopped ends at its next step, and says so', async () => {
  const host = fakeHost()
  const seen: number[] = []
  await assert.rejects(
    async () => {
      for (const step of progress(10)) {
        seen.push(step)
        await sleep(0)
        if (step === 3) host.stop()
      }
    },
    (error) =>
      error instanceof Interrupted && error.name === 'Interrupted' && /stopped at 4 of 10 steps/.test(error.message),
  )
  assert.deepEqual(seen, [0, 1, 2, 3])
  assert.match(texts(host).at(-1)!, /^stopped at 4 of 10/)
})

test('a loop that was stopped by force, and so was not told, has its line ended', async () => {
  const host = fakeHost()
  const loop = progress(10)[Symbol.iterator]()
  loop.next()
  loop.next()
  host.forceStop()
  assert.match(texts(host).at(-1)!, /^stopped at 1 of 10/)
  for (const _ of progress(2)) void 0
  assert.match(texts(host).at(-1)!, /2\/2 steps/)
  assert.equal(new Set(host.sent.map(({ id }) => id)).size, 2)
})

test('a loop whose cell was stopped while it waited has its line ended with the cell', async () => {
  const host = fakeHost()
  const loop = progress(10)[Symbol.iterator]()
  loop.next()
  loop.next()
  host.stop()
  await host.endCell()
  assert.match(texts(host).at(-1)!, /^stopped at 1 of 10/)
})

test('asynchronous iterables count, and what has no known end shows no time to go', async () => {
  const host = fakeHost()
  async function* lines(): AsyncGenerator<string> {
    yield 'a'
    yield 'b'
  }
  const seen: string[] = []
  for await (const line of progress(lines(), { unit: 'lines' })) seen.push(line)
  assert.deepEqual(seen, ['a', 'b'])
  assert.match(texts(host)[0]!, /^0 lines$/)
  assert.match(texts(host).at(-1)!, /^2 lines/)
  for await (const _ of progress(lines(), { total: 2 })) void 0
  assert.match(texts(host).at(-1)!, /2\/2 items/)
})

test('a loop inside another shares its output, and a thousand short ones do not flood it', () => {
  const host = fakeHost()
  const pass = fakeClock()
  for (const _ of progress(1000, { label: 'outer' })) for (const _ of progress(5, { label: 'inner' })) pass(1)
  assert.equal(new Set(host.sent.map(({ id }) => id)).size, 1)
  assert.ok(host.sent.length <= 2 + 5 * 2, `${host.sent.length} messages in 5 s`)
  assert.match(texts(host)[5]!, /^outer: .*\ninner: /)
  assert.match(texts(host).at(-1)!, /^outer: .* 1000\/1000 steps[^\n]*$/)
})

test('a loop that goes on behind the end of its cell keeps its output to itself', async () => {
  const host = fakeHost()
  const pass = fakeClock()
  const behind = progress(2, { label: 'behind' })[Symbol.iterator]()
  behind.next()
  await host.endCell()
  for (const _ of progress(1, { label: 'next' })) pass(600)
  behind.next()
  const ids = [...new Set(host.sent.map(({ id }) => id))]
  assert.equal(ids.length, 2)
  const own = host.sent.filter(({ id }) => id === ids[0]).map(({ bundle }) => String(bundle['text/plain']))
  assert.ok(own.every((text) => text.startsWith('behind')))
})

test('a file gets a line every ten seconds and one at the end', () => {
  const pass = fakeClock()
  const written = fakeStdout(false)
  for (const _ of progress(25)) pass(1000)
  mock.restoreAll()
  assert.deepEqual(written, [
    '11/25 steps (44 %) · 1.0 steps/s · 11 s so far, 14 s left\n',
    '22/25 steps (88 %) · 1.0 steps/s · 22 s so far, 3 s left\n',
    '25/25 steps (100 %) · 1.0 steps/s · took 25 s\n',
  ])
})

test('a terminal has one line that is written over', () => {
  const pass = fakeClock()
  const written = fakeStdout(true)
  for (const _ of progress(3, { label: 'two\nlines\u001b[31m' })) pass(1000)
  mock.restoreAll()
  const text = written.join('')
  assert.equal(text.match(/\n/g)?.length, 1)
  assert.equal(text.match(/\r {10,}\r/g)?.length, 4)
  assert.ok(!text.includes('\u001b'))
  assert.match(text, /█{20} 3\/3 steps · 1\.0 steps\/s · took 3 s\n$/)
})

test('a long line of progress is broken between its parts only: in the notebook, in saved text, in a terminal', () => {
  const host = fakeHost()
  const pass = fakeClock()
  const label = 'run 6 of 6 (attention, seed 2)'
  const loop = progress(3, { label })
  for (const step of loop) {
    pass(1000)
    loop.report({ 'train.loss': 0.8418, 'test.exact': 0.5, another: step })
  }
  const { bundle } = host.sent.at(-1)!
  const parts = [
    `${label}: ${'█'.repeat(20)} 3/3 steps`,
    '1.0 steps/s',
    'took 3 s',
    'training loss 0.8418 (best 0.8418 at 0)',
    'exact accuracy 50.0 % (best 50.0 % at 0)',
    'another 2',
  ]
  assert.deepEqual(
    [...String(bundle['text/html']).matchAll(/<span style="[^"]*word-break: normal">([^<]*)<\/span>/g)].map(
      ([, part]) => part,
    ),
    parts,
  )
  const text = String(bundle['text/plain'])
  assert.ok(text.split('\n').every((line) => line.length <= 88))
  assert.deepEqual(text.split(/ · |\n {2}/), parts)
  setHost(null)
  const written = fakeStdout(true)
  const again = progress(3, { label })
  for (const step of again) {
    pass(1000)
    again.report({ 'train.loss': 0.8418, 'test.exact': 0.5, another: step })
  }
  mock.restoreAll()
  for (const status of written.slice(0, -1).filter((line) => line.includes('steps')))
    assert.match(status.split('\r').at(-1)!, /^run 6 of 6 .* steps( · [^·…]+)* · …$|steps$/)
})

test('a metric is best where it is smallest or largest, by its name or as it is said, and NaN is never best', () => {
  const host = fakeHost()
  const loop = progress(3, { better: { reward: 'min' } })
  const reports = [
    { 'test.exact': 0.5, reward: 3, temperature: 1 },
    { 'test.exact': 0.25, reward: 2, temperature: 2 },
    { 'test.exact': Number.NaN, reward: 4, temperature: 3 },
  ]
  for (const step of loop) loop.report(reports[step]!)
  assert.match(
    texts(host).at(-1)!,
    /exact accuracy NaN \(best 50\.0 % at 0\) · reward 4 \(best 2 at 1\) · temperature 3$/,
  )
})

test('what is no number of steps is refused', () => {
  for (const bad of [-1, 1.5, Number.NaN]) assert.throws(() => progress(bad), UserError)
  assert.throws(() => progress(undefined as never), /something to iterate over, found undefined/)
})

test('time to go follows from the rate so far, in which a slow first piece does not count', () => {
  assert.equal(remainingSeconds({ done: 11, total: 21, seconds: 30, first: { done: 1, seconds: 20 } }), 10)
  assert.equal(remainingSeconds({ done: 1, total: 21, seconds: 20, first: { done: 1, seconds: 20 } }), 400)
  assert.ok(Number.isNaN(remainingSeconds({ done: 0, total: 21, seconds: 30 })))
  assert.ok(Number.isNaN(remainingSeconds({ done: 3, total: null, seconds: 30 })))
})

test('time to go that is measured elsewhere is not told before it is known, and marked where it is rough', () => {
  const host = fakeHost()
  const pass = fakeClock()
  let left: TimeLeft | null = null
  const meter = openMeter({ total: 100, unit: 'steps', doing: 'estimating', left: () => left })
  assert.equal(texts(host).at(-1), `${'░'.repeat(20)} 0/100 steps · estimating`)
  pass(2000)
  meter.doing('')
  meter.head('57 MB of memory')
  const empty = '░'.repeat(20)
  assert.equal(texts(host).at(-1), `57 MB of memory\n${empty} 0/100 steps · 2 s so far, measuring the time left`)
  // By the rate of its slow first step the run would take twenty minutes.
  pass(10_000)
  meter.at(1)
  assert.match(texts(host).at(-1)!, /1\/100 steps · .*12 s so far, measuring the time left$/)
  pass(1000)
  left = { seconds: 100, rough: true }
  meter.at(2)
  assert.match(texts(host).at(-1)!, /13 s so far, about 1:40 left$/)
  pass(1000)
  left = { seconds: 98, rough: false }
  meter.doing('evaluating 3/10 puzzles')
  assert.match(texts(host).at(-1)!, /2\/100 steps · evaluating 3\/10 puzzles · .*\n? +14 s so far, 1:38 left$/)
  meter.end('done')
  assert.doesNotMatch(texts(host).at(-1)!, /evaluating/)
})
