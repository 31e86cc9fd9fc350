import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { Publisher, Subscriber } from 'zeromq'
import { toUnits } from '../../lib/kernel/server/cursor.js'
import { createOutbox, type PublishingSocket } from '../../lib/kernel/server/outbox.js'
import { setDropping } from '../../lib/kernel/server/sockets.js'

/** A socket that refuses while `full`, as zeromq does, and whose readers miss what is dropped. */
function fakeSocket(): PublishingSocket & {
  full: boolean
  dropping: boolean
  readonly out: string[]
  readonly dropped: string[]
} {
  return {
    dropping: false,
    setDropping(dropping) {
      this.dropping = dropping
    },
    full: false,
    out: [],
    dropped: [],
    async send([frame]) {
      if (this.full && !this.dropping) throw Object.assign(new Error('full'), { code: 'EAGAIN' })
      if (this.full) this.dropped.push(String(frame))
      else this.out.push(String(frame))
    },
  }
}

function flow(): { pause(): void; resume(): void; readonly said: string[] } {
  const said: string[] = []
  return { said, pause: () => void said.push('pause'), resume: () => void said.push('resume') }
}

test('what a slow reader cannot take waits, in order, and so do the cells', async () => {
  const socket = fakeSocket()
  const cells = flow()
  const outbox = createOutbox(socket, cells)
  socket.full = true
  for (const frame of ['a', 'b', 'c']) outbox.send([frame])
  await setTimeout(20)
  assert.deepEqual(cells.said, ['pause'])
  assert.deepEqual(socket.out, [])
  socket.full = false
  await outbox.empty()
  assert.deepEqual(socket.out, ['a', 'b', 'c'])
  assert.deepEqual(cells.said, ['pause', 'resume'])
})

test('a burst of more than 8 MB makes the cells wait', async () => {
  const cells = flow()
  const outbox = createOutbox(fakeSocket(), cells)
  for (let i = 0; i < 9; i++) outbox.send(['x'.repeat(1_000_000)])
  assert.deepEqual(cells.said, ['pause'])
  await outbox.empty()
  assert.deepEqual(cells.said, ['pause', 'resume'])
})

test('a reader that takes nothing for long misses what follows, until it reads again', async () => {
  const socket = fakeSocket()
  const outbox = createOutbox(socket, flow(), 10)
  socket.full = true
  outbox.send(['a'])
  await outbox.empty()
  outbox.send(['b'])
  await outbox.empty()
  assert.deepEqual(socket.dropped, ['a', 'b'])
  assert.equal(socket.dropping, false)
  socket.full = false
  outbox.send(['c'])
  await outbox.empty()
  assert.deepEqual(socket.out, ['c'])
})

test('nothing stays behind that is sent just when the last message has gone out', async () => {
  for (let turns = 0; turns < 12; turns++) {
    const socket = fakeSocket()
    const outbox = createOutbox(socket, flow())
    outbox.send(['a'])
    for (let turn = 0; turn < turns; turn++) await null
    outbox.send(['b'])
    await setTimeout(0)
    assert.deepEqual(socket.out, ['a', 'b'], `after ${turns} turns`)
  }
})

test('a reader slower than the kernel gets every message of zeromq', async () => {
  const publisher = new Publisher({ sendHighWaterMark: 10, sendTimeout: 0, linger: 0 })
  setDropping(publisher, false)
  await publisher.bind('tcp://127.0.0.1:*')
  const subscriber = new Subscriber({ linger: 0, receiveHighWaterMark: 10 })
  subscriber.connect(publisher.lastEndpoint!)
  subscriber.subscribe()
  const cells = flow()
  const outbox = createOutbox({ send: (frames) => publisher.send(frames), setDropping() {} }, cells)
  // Until the subscription has arrived, what is sent goes nowhere.
  const greeting = subscriber.receive()
  for (let heard = false; !heard; ) {
    outbox.send(['hello'])
    heard = await Promise.race([greeting.then(() => true), setTimeout(20, false)])
  }
  const text = 'x'.repeat(20_000)
  for (let i = 0; i < 2000; i++) outbox.send([`${i} ${text}`])
  await setTimeout(20)
  const got: number[] = []
  while (got.at(-1) !== 1999) {
    const message = String((await subscriber.receive())[0])
    if (message !== 'hello') got.push(Number.parseInt(message, 10))
  }
  assert.deepEqual(
    got,
    Array.from({ length: 2000 }, (_, i) => i),
  )
  assert.ok(cells.said.includes('pause'))
  publisher.close()
  subscriber.close()
})

test('positions are turned from code points to UTF-16 units', () => {
  const text = 'a🙂é𝒳b'
  assert.deepEqual(
    [0, 1, 2, 3, 4, 5, 99].map((points) => toUnits(text, points)),
    [0, 1, 3, 4, 6, 7, 7],
  )
})

test('with zeromq a reader that takes nothing does not keep the others from reading', async () => {
  const publisher = new Publisher({ sendHighWaterMark: 100, sendTimeout: 0, linger: 0 })
  setDropping(publisher, false)
  await publisher.bind('tcp://127.0.0.1:*')
  const [reading, stuck] = [10_000, 1].map((receiveHighWaterMark) => {
    const subscriber = new Subscriber({ linger: 0, receiveHighWaterMark })
    subscriber.connect(publisher.lastEndpoint!)
    subscriber.subscribe()
    return subscriber
  }) as [Subscriber, Subscriber]
  const warnings: Error[] = []
  const warned = (warning: Error): void => void warnings.push(warning)
  process.on('warning', warned)
  const socket = {
    send: (frames: (Uint8Array | string)[]) => publisher.send(frames),
    setDropping: (dropping: boolean) => setDropping(publisher, dropping),
  }
  const outbox = createOutbox(socket, flow(), 50)
  for (const subscriber of [reading, stuck]) {
    const greeting = subscriber.receive()
    for (let heard = false; !heard; ) {
      outbox.send(['hello'])
      heard = await Promise.race([greeting.then(() => true), setTimeout(20, false)])
    }
  }
  const text = 'x'.repeat(100_000)
  for (let i = 0; i < 600; i++) outbox.send([`${i} ${text}`])
  const got: number[] = []
  while (got.at(-1) !== 599) {
    const message = String((await reading.receive())[0])
    if (message !== 'hello') got.push(Number.parseInt(message, 10))
  }
  assert.equal(got.length, 600)
  assert.deepEqual(warnings, [])
  process.off('warning', warned)
  for (const socket of [publisher, reading, stuck]) socket.close()
})
