import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import path from 'node:path'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { UserError } from '../../lib/errors.js'
import { fetchDataset } from '../../lib/storage/fetch/fetch.js'
import { sources } from '../../lib/storage/fetch/sources.js'
import { type Behaviour, type Hub, startHub, tagOf } from '../data/hub-server.js'
import { trials } from '../trials.js'
import { readsOrRefuses } from './holds.js'
import { assertOnly, makeJail } from './jail.js'

const maze = sources().find(({ name }) => name === 'maze-hard')!
const WHOLE = Buffer.from(Uint32Array.from({ length: 50_000 }, (_, i) => Math.imul(i + 1, 2654435761)).buffer)
const OTHER = Buffer.from(WHOLE).reverse()
const patience = { stall: 300, tries: 2, backoff: 1 }

/** Sends something again and again until the connection is closed. */
function pour(response: ServerResponse, piece: Uint8Array | string, every = 0): true {
  const timer = setInterval(() => {
    for (let i = 0; i < (every === 0 ? 50 : 1) && !response.writableNeedDrain; i++) response.write(piece)
  }, every)
  response.on('close', () => clearInterval(timer))
  return true
}

const answered =
  (status: number, headers: Record<string, string | number>, body?: Uint8Array): Behaviour =>
  ({ response }) => {
    response.writeHead(status, headers).end(body)
    return true
  }

interface Server {
  readonly files?: Behaviour
  readonly listing?: Hub['behaveListing']
  readonly claims?: Record<string, unknown>
}

/** Servers that do not answer as they should, by what they do. */
const SERVERS: ReadonlyMap<string, Server> = new Map<string, Server>([
  ['sends to a file', { files: answered(302, { location: 'file:///etc/passwd' }) }],
  ['sends to a program', { files: answered(302, { location: 'data:text/csv,a' }) }],
  [
    'sends to itself',
    {
      files: ({ request, response }) => {
        response.writeHead(302, { location: request.url! }).end()
        return true
      },
    },
  ],
  ['sends to nowhere', { files: answered(302, { location: 'http://[::' }) }],
  ['sends to a closed port', { files: answered(302, { location: 'http://127.0.0.1:1/' }) }],
  ['says that there is less than there is', { files: answered(200, { 'content-length': 10 }, WHOLE.subarray(0, 10)) }],
  ['says that there is more than there is', { files: answered(200, { 'content-length': 1e12 }) }],
  [
    'pours without end',
    {
      files: ({ response }) => {
        response.writeHead(200)
        return pour(response, OTHER)
      },
    },
  ],
  [
    'drips a byte now and then',
    {
      files: ({ response }) => {
        response.writeHead(200)
        return pour(response, 'x', 100)
      },
    },
  ],
  ['says nothing', { files: () => true }],
  ['sends a bomb', { files: answered(200, { 'content-encoding': 'gzip' }, gzipSync(Buffer.alloc(2 ** 28))) }],
  ['sends other bytes', { files: answered(200, {}, OTHER) }],
  [
    'sends other bytes in place of a range',
    {
      files: ({ response, nth }) => {
        if (nth === 0)
          response
            .writeHead(200, { etag: tagOf(WHOLE) })
            .write(WHOLE.subarray(0, 1000), () => setTimeout(() => response.destroy(), 50))
        else
          response
            .writeHead(206, { 'content-range': `bytes 1000-${WHOLE.length - 1}/${WHOLE.length}`, etag: tagOf(OTHER) })
            .end(OTHER.subarray(1000))
        return true
      },
    },
  ],
  [
    'sends another range',
    { files: answered(206, { 'content-range': `bytes 5-10/${WHOLE.length}` }, WHOLE.subarray(5, 11)) },
  ],
  [
    'sends a range of another length',
    { files: answered(206, { 'content-range': 'bytes 0-9/10' }, WHOLE.subarray(0, 10)) },
  ],
  ['sends a range without bounds', { files: answered(206, { 'content-range': 'bytes */*' }, WHOLE) }],
  [
    'names the file otherwise',
    {
      files: ({ response, bytes }) => {
        response
          .writeHead(200, {
            'content-disposition': 'attachment; filename="../../other/evil.csv"',
            'x-linked-etag': '"../../evil"',
          })
          .end(bytes)
        return true
      },
    },
  ],
  [
    'tags the file with a path',
    {
      files: ({ response, bytes }) => {
        response.writeHead(200, { etag: '"../../../other/evil"' }).end(bytes)
        return true
      },
    },
  ],
  [
    'lists without end',
    {
      listing: (response) => {
        response.writeHead(200, { 'content-type': 'application/json' })
        return pour(response, '[[[[[[[[[[[[[[[['.repeat(4096))
      },
    },
  ],
  [
    'lists a byte now and then',
    {
      listing: (response) => {
        response.writeHead(200, { 'content-type': 'application/json' })
        return pour(response, ' ', 50)
      },
    },
  ],
  [
    'lists a bomb',
    {
      listing: (response) => {
        response
          .writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' })
          .end(gzipSync(Buffer.alloc(2 ** 28, ' ')))
        return true
      },
    },
  ],
  [
    'lists a million levels',
    {
      listing: (response) => {
        response.writeHead(200, { 'content-type': 'application/json' }).end('['.repeat(1e6))
        return true
      },
    },
  ],
  [
    'sends the listing to a file',
    {
      listing: (response) => {
        response.writeHead(302, { location: 'file:///etc/passwd' }).end()
        return true
      },
    },
  ],
  ['lists a size below 0', { claims: { size: -1, lfs: { oid: '0'.repeat(64), size: -1, pointerSize: 1 } } }],
  ['lists more than a disk holds', { claims: { size: 2 ** 52 } }],
  ['lists a checksum that is none', { claims: { lfs: { oid: '../../evil', size: WHOLE.length, pointerSize: 1 } } }],
  ['lists other names', { claims: { path: '../../other/evil' } }],
  ['lists a prototype', { claims: { path: '__proto__', __proto__: { polluted: 1 } } }],
])

test(
  ...trials(
    'whatever a server sends, only verified files get their names, nothing else is written, and it ends',
    { cases: [...SERVERS.keys()], sample: 28, atOnce: 1 },
    async (what) => {
      const { files, listing, claims } = SERVERS.get(what)!
      const jail = makeJail()
      const hub = await startHub('sapientinc/maze-30x30-hard-1k', { 'train.csv': WHOLE, 'test.csv': WHOLE })
      if (files) hub.behave = files
      if (listing) hub.behaveListing = listing
      if (claims) hub.claims.set('train.csv', claims)
      const dir = path.join(jail.work, 'data')
      const started = performance.now()
      const result = await readsOrRefuses(
        () => fetchDataset(maze, dir, { python: 'none', environment: { HF_ENDPOINT: hub.endpoint }, patience }),
        { megabytes: 600 },
      )
      assert.ok(performance.now() - started < 60_000, 'it did not end')
      assertOnly(jail.changes(), ['work/data'], what)
      for (const name of existsSync(dir) ? readdirSync(dir) : [])
        if (!/\.part(?:\.json)?$/.test(name)) assert.ok(readFileSync(path.join(dir, name)).equals(WHOLE), name)
      if (!what.includes('the file')) assert.ok(result instanceof UserError, `${what}: fetched`)
    },
  ),
)
