import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after } from 'node:test'

/** A request for a file's bytes as the server saw it. */
export interface Seen {
  readonly file: string
  readonly range: string | undefined
  readonly ifRange: string | undefined
  readonly authorization: string | undefined
}

/** Answers a request for a file; false leaves it to the server, which then behaves well. */
export type Behaviour = (context: {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly bytes: Buffer
  /** How many requests for bytes came before this one. */
  readonly nth: number
}) => boolean

/** A hub on this machine. */
export interface Hub {
  readonly endpoint: string
  readonly seen: Seen[]
  /** Listings that were asked for. */
  listings: number
  /** Content by file name; may be changed. */
  readonly files: Map<string, Buffer>
  /** What the hub says of a file, where that is not the truth. */
  readonly claims: Map<string, Record<string, unknown>>
  /** Bytes of files are answered by this first. */
  behave: Behaviour
  /** Listings are answered by this first. */
  behaveListing: (response: ServerResponse, nth: number) => boolean
}

/** A model's repository, and the commit that its branch `main` is at. */
export interface ModelRepository {
  readonly model: string
  readonly commit: string
}

/** Starts a hub that has one data set, or one model; it is closed after the file's tests. */
export async function startHub(repository: string | ModelRepository, contents: Record<string, Buffer>): Promise<Hub> {
  const server = createServer((request, response) => answer(hub, placesOf(repository), request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  after(() => {
    server.closeAllConnections()
    server.close()
  })
  const hub: Hub = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen: [],
    listings: 0,
    files: new Map(Object.entries(contents)),
    claims: new Map(),
    behave: () => false,
    behaveListing: () => false,
  }
  return hub
}

/** The tag that the hub gives content. */
export function tagOf(bytes: Buffer): string {
  return `"${createHash('md5').update(bytes).digest('hex')}"`
}

/** The paths that a hub answers: of the listing and of the files, and of the commit where it is a model. */
interface Places {
  readonly listing: string
  readonly files: string
  readonly commit: { readonly path: string; readonly sha: string } | null
}

function placesOf(repository: string | ModelRepository): Places {
  if (typeof repository === 'string')
    return {
      listing: `/api/datasets/${repository}/paths-info/main`,
      files: `/datasets/${repository}/resolve/main/`,
      commit: null,
    }
  const { model, commit } = repository
  return {
    listing: `/api/models/${model}/paths-info/${commit}`,
    files: `/${model}/resolve/${commit}/`,
    commit: { path: `/api/models/${model}/revision/main`, sha: commit },
  }
}

function answer(hub: Hub, places: Places, request: IncomingMessage, response: ServerResponse): void {
  const path = request.url ?? ''
  if (places.commit !== null && path.split('?')[0] === places.commit.path) {
    const { sha } = places.commit
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ _id: '1', id: 'a/b', sha }))
    return
  }
  if (path === places.listing) {
    list(hub, response)
    return
  }
  const file = path.startsWith(places.files) ? path.slice(places.files.length) : ''
  const bytes = hub.files.get(file)
  if (bytes === undefined) {
    response.writeHead(404).end('Not Found')
    return
  }
  const { range, authorization } = request.headers
  const nth = hub.seen.length
  hub.seen.push({ file, range, ifRange: request.headers['if-range'] as string | undefined, authorization })
  if (hub.behave({ request, response, bytes, nth })) return
  const from = /^bytes=(\d+)-$/.exec(range ?? '')?.[1]
  const tag = tagOf(bytes)
  const fresh = request.headers['if-range'] !== undefined && request.headers['if-range'] !== tag
  if (from === undefined || fresh) response.writeHead(200, { etag: tag, 'content-length': bytes.length }).end(bytes)
  else if (Number(from) >= bytes.length) response.writeHead(416).end()
  else {
    const rest = bytes.subarray(Number(from))
    response
      .writeHead(206, {
        etag: tag,
        'content-length': rest.length,
        'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}`,
      })
      .end(rest)
  }
}

function list(hub: Hub, response: ServerResponse): void {
  if (hub.behaveListing(response, hub.listings++)) return
  const entries = [...hub.files].map(([path, bytes]) => ({
    type: 'file',
    path,
    size: bytes.length,
    oid: createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex'),
    lfs: { oid: createHash('sha256').update(bytes).digest('hex'), size: bytes.length, pointerSize: 130 },
    ...hub.claims.get(path),
  }))
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(entries))
}
