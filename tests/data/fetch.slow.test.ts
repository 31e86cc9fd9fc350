import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { test } from 'node:test'
import { UserError } from '../../lib/errors.js'
import { type FetchOptions, type FetchProgress, fetchDataset } from '../../lib/storage/fetch/fetch.js'
import { progressText } from '../../lib/storage/fetch/progress.js'
import { sources } from '../../lib/storage/fetch/sources.js'
import { temporaryFolder } from './helpers.js'
import { type Behaviour, type Hub, startHub, tagOf } from './hub-server.js'

const mazeHard = sources().find(({ name }) => name === 'maze-hard')!

const folder = temporaryFolder()
const REPOSITORY = 'sapientinc/maze-30x30-hard-1k'
const patience = { stall: 60_000, tries: 3, backoff: 5 }
const impatience = { ...patience, stall: 1000 }
let made = 0
/** Bytes that the latest fetch has of its file. */
let arrived = 0

/** Bytes that no two places of a file share. */
const bytesOf = (length: number, salt: number): Buffer =>
  Buffer.from(Uint32Array.from({ length: length / 4 }, (_, i) => Math.imul(i + 1, 2654435761) ^ salt).buffer)
const TRAIN = bytesOf(400_000, 1)
const TEST = bytesOf(8_000, 2)

async function hubWith(behave: Behaviour = () => false): Promise<Hub> {
  const hub = await startHub(REPOSITORY, { 'train.csv': TRAIN, 'test.csv': TEST })
  hub.behave = behave
  return hub
}

function fetchFrom(
  hub: Pick<Hub, 'endpoint'>,
  dir: string,
  more: Partial<FetchOptions> & { token?: string } = {},
): ReturnType<typeof fetchDataset> {
  const { token, ...options } = more
  arrived = 0
  const progress = (now: FetchProgress): void => {
    arrived = now.have
    more.progress?.(now)
  }
  const environment = { HF_ENDPOINT: `${hub.endpoint}/`, ...(token === undefined ? {} : { HF_TOKEN: token }) }
  return fetchDataset(mazeHard, dir, { python: 'none', environment, patience, ...options, progress })
}

const place = (): string => path.join(folder, String(made++))

async function refused(work: Promise<unknown>, message: RegExp): Promise<string> {
  let text = ''
  await assert.rejects(work, (error) => {
    assert.ok(error instanceof UserError, String((error as Error).stack))
    text = error.message
    assert.match(text, message)
    return true
  })
  return text
}

/** Both files are there, whole, and nothing else. */
function assertWhole(dir: string): void {
  assert.deepEqual(readdirSync(dir).sort(), ['test.csv', 'train.csv'])
  assert.ok(readFileSync(path.join(dir, 'train.csv')).equals(TRAIN))
  assert.ok(readFileSync(path.join(dir, 'test.csv')).equals(TEST))
}

/** Does something once so many bytes have arrived: what a broken connection still holds is lost. */
function onceArrived(bytes: number, then: () => void): void {
  const asked = Date.now()
  const timer = setInterval(() => {
    if (arrived < bytes && Date.now() - asked < 2000) return
    clearInterval(timer)
    then()
  }, 2)
}

/** Answers the first request with the beginning of the file, then does something to the connection. */
function beginning(length: number, then: (socket: import('node:net').Socket | null) => void): Behaviour {
  return ({ response, bytes, nth }) => {
    if (nth > 0) return false
    response.writeHead(200, { etag: tagOf(bytes), 'content-length': bytes.length })
    response.write(bytes.subarray(0, length), () => onceArrived(length, () => then(response.socket)))
    return true
  }
}
const cut = (length: number): Behaviour => beginning(length, (socket) => socket?.destroy())

test('a data set is fetched whole; the second time nothing is asked for again', async () => {
  const hub = await hubWith()
  const dir = place()
  const progress: FetchProgress[] = []
  const first = await fetchFrom(hub, dir, { progress: (now) => progress.push(now) })
  assertWhole(dir)
  assert.deepEqual(
    first.files.map(({ bytes, outcome }) => [bytes, outcome]),
    [
      [400_000, 'fetched'],
      [8_000, 'fetched'],
    ],
  )
  assert.match(first.next, /^recurlab data build maze size=30 csv=.*train\.csv testCsv=.*test\.csv/)
  assert.equal(progress.at(-1)?.have, 8_000)
  const second = await fetchFrom(hub, dir)
  assert.deepEqual([second.files.map(({ outcome }) => outcome), hub.seen.length], [['kept', 'kept'], 2])
})

test('a cut connection is gone on from, with a range that holds for the same content only', async () => {
  const hub = await hubWith(cut(150_000))
  const dir = place()
  await fetchFrom(hub, dir)
  assertWhole(dir)
  const [first, second] = hub.seen
  assert.equal(first?.range, undefined)
  assert.match(second?.range ?? '', /^bytes=[1-9]\d+-$/)
  assert.equal(second?.ifRange, tagOf(TRAIN))
})

test('a connection that is cut again and again still ends, as long as something comes', async () => {
  const hub = await hubWith(({ request, response, bytes, nth }) => {
    const from = Number(/\d+/.exec(request.headers.range ?? '0')?.[0])
    if (nth > 6) return false
    const range = `bytes ${from}-${bytes.length - 1}/${bytes.length}`
    response.writeHead(from === 0 ? 200 : 206, {
      'content-length': bytes.length - from,
      ...(from === 0 ? {} : { 'content-range': range }),
    })
    response.write(bytes.subarray(from, from + 50_000), () =>
      onceArrived(from + 50_000, () => response.socket?.destroy()),
    )
    return true
  })
  const dir = place()
  await fetchFrom(hub, dir)
  assertWhole(dir)
  assert.ok(hub.seen.length > 6)
})

test('a connection that stalls, in the middle or before it answers, is cut and tried again', async () => {
  const hub = await hubWith(({ response, bytes, nth }) => {
    if (nth === 0) return true
    if (nth > 1) return false
    response.writeHead(200, { 'content-length': bytes.length }).write(bytes.subarray(0, 100_000))
    return true
  })
  hub.behaveListing = (_, nth) => nth === 0
  const dir = place()
  await fetchFrom(hub, dir, { patience: impatience })
  assertWhole(dir)
  assert.equal(hub.listings, 2)
})

test('a server that only ever stalls is given up, and what came of it is kept', async () => {
  const hub = await hubWith(({ response, bytes }) => {
    response.writeHead(200, { 'content-length': bytes.length }).write(bytes.subarray(0, 1000))
    return true
  })
  const dir = place()
  await refused(
    fetchFrom(hub, dir, { patience: impatience }),
    /train\.csv: expected 400000 bytes, found 1000 bytes after 3 tries .*no bytes for 1 s/,
  )
  assert.equal(statSync(path.join(dir, 'train.csv.part')).size, 1000)
  assert.equal(existsSync(path.join(dir, 'train.csv')), false)
})

test('server errors are tried again, and told when they stay', async () => {
  const hub = await hubWith(({ response, nth }) => {
    if (nth > 1) return false
    response.writeHead(nth === 0 ? 500 : 503).end('Internal Server Error')
    return true
  })
  hub.behaveListing = (response, nth) => nth === 0 && response.writeHead(502).end() !== undefined
  const dir = place()
  await fetchFrom(hub, dir)
  assertWhole(dir)
  hub.behave = ({ response }) => response.writeHead(500).end() !== undefined
  await refused(fetchFrom(hub, place()), /found 0 bytes after 3 tries without progress \(HTTP status 500\)/)
  hub.behaveListing = (response) => response.writeHead(500).end() !== undefined
  await refused(fetchFrom(hub, place()), /expected an answer from the hub, found none in 3 tries \(HTTP status 500\)/)
})

const LENGTHS: [what: string, behave: Behaviour, message: RegExp][] = [
  [
    'a length that is too short',
    ({ response, bytes }) =>
      response.writeHead(200, { 'content-length': 1000 }).end(bytes.subarray(0, 1000)) !== undefined,
    /expected 400000 bytes, as listed by the hub, found a length of 1000/,
  ],
  [
    'a length that is too long',
    ({ response, bytes }) => {
      response.writeHead(200, { 'content-length': bytes.length + 4 }).end(Buffer.concat([bytes, Buffer.alloc(4)]))
      return true
    },
    /found a length of 400004/,
  ],
  [
    'more bytes than it should have, without a length',
    ({ response, bytes }) => response.writeHead(200).end(Buffer.concat([bytes, Buffer.alloc(4)])) !== undefined,
    /found a length of more than 400000/,
  ],
  [
    'fewer bytes than it should have, without a length, time and again',
    ({ response, bytes }) => response.writeHead(200).end(bytes.subarray(0, 4000)) !== undefined,
    /found 4000 bytes after 3 tries without progress \(the connection was closed early\)/,
  ],
  [
    'a range out of a file of another length',
    (context) => {
      if (context.nth === 0) return cut(1000)(context)
      context.response.writeHead(206, { 'content-range': 'bytes 1000-1999/2000' }).end(Buffer.alloc(1000))
      return true
    },
    /found a length of 2000 in all/,
  ],
]
for (const [what, behave, message] of LENGTHS)
  test(`${what} is an error, and no file`, async () => {
    const dir = place()
    await refused(fetchFrom(await hubWith(behave), dir), message)
    assert.equal(existsSync(path.join(dir, 'train.csv')), false)
  })

test('damaged bytes are noticed, nothing of them is kept, and the next time is right', async () => {
  const hub = await hubWith(({ response, bytes, nth }) => {
    if (nth > 0) return false
    const damaged = Buffer.from(bytes)
    damaged[300_000]! ^= 1
    return response.writeHead(200, { 'content-length': bytes.length }).end(damaged) !== undefined
  })
  const dir = place()
  await refused(
    fetchFrom(hub, dir),
    /train\.csv: expected SHA-256 [0-9a-f]{64}, found [0-9a-f]{64}: the download is damaged/,
  )
  assert.deepEqual(readdirSync(dir), [])
  await fetchFrom(hub, dir)
  assertWhole(dir)
})

test('damage in what an earlier try left is noticed too', async () => {
  const hub = await hubWith(cut(150_000))
  const dir = place()
  await refused(fetchFrom(hub, dir, { patience: { ...patience, tries: 1 } }), /after 1 tries/)
  const part = path.join(dir, 'train.csv.part')
  const bytes = readFileSync(part)
  bytes[10]! ^= 1
  writeFileSync(part, bytes)
  await refused(fetchFrom(hub, dir), /the download is damaged/)
  await fetchFrom(hub, dir)
  assertWhole(dir)
})

const RESTARTS: [what: string, behave: Behaviour][] = [
  [
    'a server that knows no ranges',
    (context) => {
      if (context.nth === 0) return cut(150_000)(context)
      return (
        context.response.writeHead(200, { 'content-length': context.bytes.length }).end(context.bytes) !== undefined
      )
    },
  ],
  [
    'a range from another place',
    (context) => {
      if (context.nth === 0) return cut(150_000)(context)
      if (context.nth > 1) return false
      context.response.writeHead(206, { 'content-range': 'bytes 4-399999/400000' }).end(context.bytes.subarray(4))
      return true
    },
  ],
  [
    'a range of other content',
    (context) => {
      if (context.nth === 0) return cut(150_000)(context)
      if (context.nth > 1) return false
      const from = Number(/\d+/.exec(context.request.headers.range ?? '')?.[0])
      const range = `bytes ${from}-399999/400000`
      context.response.writeHead(206, { etag: '"other"', 'content-range': range }).end(Buffer.alloc(400_000 - from))
      return true
    },
  ],
  [
    'a range that is refused',
    (context) => {
      if (context.nth === 0) return cut(150_000)(context)
      return context.nth === 1 && context.response.writeHead(416).end() !== undefined
    },
  ],
]
for (const [what, behave] of RESTARTS)
  test(`after ${what} the download begins again and ends well`, async () => {
    const hub = await hubWith(behave)
    const dir = place()
    await fetchFrom(hub, dir)
    assertWhole(dir)
    assert.match(hub.seen[1]?.range ?? '', /^bytes=\d+-$/)
  })

test('content that has changed between two tries is fetched anew', async () => {
  const hub = await hubWith(cut(150_000))
  const dir = place()
  await refused(fetchFrom(hub, dir, { patience: { ...patience, tries: 1 } }), /after 1 tries/)
  const other = bytesOf(400_000, 3)
  hub.files.set('train.csv', other)
  await fetchFrom(hub, dir)
  assert.ok(readFileSync(path.join(dir, 'train.csv')).equals(other))
  assert.equal(hub.seen[1]?.range, undefined, 'another checksum: nothing of the old part is used')
})

test('an interrupt in the middle keeps the part, and the same call fetches only the rest', async () => {
  const hub = await hubWith(beginning(200_000, () => undefined))
  const dir = place()
  const controller = new AbortController()
  const progress = ({ have }: FetchProgress): void => {
    if (have >= 200_000) controller.abort()
  }
  await refused(
    fetchFrom(hub, dir, { signal: controller.signal, progress, patience }),
    /found an interrupt\. 200000 of 400000 bytes are kept in train\.csv\.part: run the same command again to resume/,
  )
  assert.deepEqual(readdirSync(dir).sort(), ['train.csv.part', 'train.csv.part.json'])
  await fetchFrom(hub, dir)
  assertWhole(dir)
  assert.equal(hub.seen[1]?.range, 'bytes=200000-')
})

test('an interrupt before the first answer is told at once', async () => {
  const hub = await hubWith()
  hub.behaveListing = () => true
  const signal = AbortSignal.timeout(30)
  await refused(fetchFrom(hub, place(), { signal }), /found an interrupt/)
})

test('damaged notes about a part, those about another file, and those of another format version are as good as none', async () => {
  const ofVersion = (formatVersion: number | undefined) => (text: string) =>
    JSON.stringify({ ...(JSON.parse(text) as object), formatVersion })
  const changes = [
    () => '{',
    () => '[]',
    () => '{"formatVersion":1,"sum":"SHA-256 0000"}',
    ofVersion(2),
    ofVersion(undefined),
  ]
  for (const change of changes) {
    const hub = await hubWith(cut(150_000))
    const dir = place()
    await refused(fetchFrom(hub, dir, { patience: { ...patience, tries: 1 } }), /after 1 tries/)
    const notes = path.join(dir, 'train.csv.part.json')
    writeFileSync(notes, change(readFileSync(notes, 'utf8')))
    await fetchFrom(hub, dir)
    assertWhole(dir)
    assert.equal(hub.seen[1]?.range, undefined)
  }
})

test('a full disk is said before anything is fetched; what is there already counts', async () => {
  const hub = await hubWith(cut(150_000))
  const dir = place()
  await refused(
    fetchFrom(hub, dir, { free: () => 300_000 }),
    /expected 408 kB of free space, found 300 kB\. Free some space/,
  )
  assert.equal(hub.seen.length, 0)
  assert.equal(existsSync(dir), false)
  await refused(fetchFrom(hub, dir, { patience: { ...patience, tries: 1 } }), /after 1 tries/)
  await fetchFrom(hub, dir, { free: () => 300_000 })
  assertWhole(dir)
})

test('another file with the name of one is not replaced', async () => {
  const hub = await hubWith()
  const dir = place()
  mkdirSync(dir)
  writeFileSync(path.join(dir, 'test.csv'), 'mine')
  await refused(
    fetchFrom(hub, dir),
    /test\.csv: expected nothing, or the published file .*found another file of 4 bytes/,
  )
  assert.deepEqual(readdirSync(dir), ['test.csv'])
})

test('small files, which the hub keeps in git, are checked by their names there', async () => {
  const hub = await hubWith()
  for (const name of ['train.csv', 'test.csv']) hub.claims.set(name, { lfs: undefined })
  const dir = place()
  const { files } = await fetchFrom(hub, dir)
  assert.match(files[0]!.checksum, /^git blob [0-9a-f]{40}$/)
  hub.claims.set('test.csv', { lfs: undefined, oid: '0'.repeat(40) })
  await refused(fetchFrom(hub, place()), /test\.csv: expected git blob 0000/)
})

const STATUSES: [status: number, message: RegExp][] = [
  [404, /found HTTP status 404 \(it does not exist\)\. It may have moved/],
  [401, /found HTTP status 401 \(access is denied, or it does not exist\).*HF_TOKEN/],
  [403, /found HTTP status 403 .*HF_TOKEN/],
]
for (const [status, message] of STATUSES)
  test(`status ${status}, of the data set or a file, says what is not there and what to do`, async () => {
    const hub = await hubWith(({ response }) => response.writeHead(status).end() !== undefined)
    const text = await refused(fetchFrom(hub, place()), message)
    assert.match(text, /Maze-Hard: expected train\.csv in the data set sapientinc\/maze-30x30-hard-1k on the hub/)
    assert.match(text, /By hand: put train\.csv and test\.csv .* then: recurlab data build maze/)
    hub.behaveListing = (response) => response.writeHead(status).end() !== undefined
    assert.match(await refused(fetchFrom(hub, place()), message), /expected the data set sapientinc/)
    assert.equal(hub.listings, 2, 'it is not asked again')
  })

test('a file that the data set does not have is named', async () => {
  const hub = await hubWith()
  hub.files.delete('test.csv')
  await refused(fetchFrom(hub, place()), /expected test\.csv in the data set .*found HTTP status 404/)
})

const CLAIMS: [what: string, claim: Record<string, unknown>][] = [
  ['a negative size', { size: -1 }],
  ['a size in words', { size: '400000' }],
  ['no size', { size: undefined }],
  ['a checksum that is none', { lfs: { oid: 'x' } }],
  ['no checksum at all', { lfs: undefined, oid: undefined }],
]
for (const [what, claim] of CLAIMS)
  test(`a listing with ${what} is refused`, async () => {
    const hub = await hubWith()
    hub.claims.set('train.csv', claim)
    await refused(fetchFrom(hub, place()), /train\.csv: expected its size and checksum from the hub/)
  })

test('a listing that is no list, or no JSON, is refused', async () => {
  const hub = await hubWith()
  for (const text of ['{}', '<html>']) {
    hub.behaveListing = (response) => response.writeHead(200).end(text) !== undefined
    await refused(fetchFrom(hub, place()), /expected an answer from the hub, found none in 3 tries/)
  }
})

test('without a connection it says what to put where by hand, and what reads it', async () => {
  const { endpoint } = await closedServer()
  const dir = place()
  const text = await refused(
    fetchFrom({ endpoint }, dir),
    /expected a connection to the Hugging Face hub .*found none \(ECONNREFUSED\)/,
  )
  assert.ok(
    text.includes(
      `put train.csv and test.csv of the Hugging Face data set ${REPOSITORY} into ${dir}, then: recurlab data`,
    ),
  )
  assert.equal(existsSync(dir), false)
})

test('an address or a token that is none is refused; the token is not printed', async () => {
  const text = await refused(fetchFrom(await hubWith(), place(), { token: 'secret' }), /HF_TOKEN: expected a token/)
  assert.doesNotMatch(text, /secret/)
  for (const HF_ENDPOINT of ['hub.local', 'http://a b', 'http://[', 'http://hub.local:99999'])
    await refused(
      fetchDataset(mazeHard, place(), { python: 'none', environment: { HF_ENDPOINT } }),
      /environment variable HF_ENDPOINT: expected an address like https/,
    )
  // A port that fetch never asks: nothing changes that, so it is not tried again. Another try would wait until the signal stops it, which is another error.
  await refused(
    fetchDataset(mazeHard, place(), {
      python: 'none',
      patience: { ...patience, backoff: 3_600_000 },
      signal: AbortSignal.timeout(20_000),
      environment: { HF_ENDPOINT: 'http://127.0.0.1:9' },
    }),
    /expected a connection to the Hugging Face hub .*found none \(bad port\)/,
  )
})

test('the token goes to the hub, and not on to where it sends us', async () => {
  const elsewhere = await hubWith()
  const hub = await hubWith(({ request, response }) => {
    response.writeHead(302, { location: `${elsewhere.endpoint}${request.url}` }).end()
    return true
  })
  await fetchFrom(hub, place(), { token: 'hf_secret' })
  assert.deepEqual(
    hub.seen.map(({ authorization }) => authorization),
    ['Bearer hf_secret', 'Bearer hf_secret'],
  )
  assert.deepEqual(
    elsewhere.seen.map(({ authorization }) => authorization),
    [undefined, undefined],
  )
})

test('progress tells the share, and once it is known the rate and the time left', () => {
  const say = progressText()
  const at = (seconds: number, have: number, file = 'a'): string =>
    say({ file, have, size: 719_000_000 }, seconds).replace(`${file}: `, '')
  assert.equal(at(0, 0), '0 bytes of 719 MB (0 %)')
  assert.equal(at(0.5, 10_000_000), '10.0 MB of 719 MB (1 %)')
  assert.equal(at(2, 40_000_000), '40.0 MB of 719 MB (5 %), 20.0 MB/s, 34 s left')
  assert.match(at(13, 84_000_000), /4\.0 MB\/s, 3 min left$/, 'the last ten seconds count')
  assert.match(at(14, 1000), /\(0 %\)$/, 'a download that begins again has no rate yet')
  assert.match(at(15, 1000, 'b'), /\(0 %\)$/)
  assert.match(at(17, 1000, 'b'), /waiting$/)
})

/** The address of a server that is gone. */
async function closedServer(): Promise<{ endpoint: string }> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return { endpoint: `http://127.0.0.1:${port}` }
}
