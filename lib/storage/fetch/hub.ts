import { HUB_URL, modelInfo, pathsInfo } from '@huggingface/hub'
import { Interrupted, UserError } from '../../errors.js'
import type { Checksum } from './checksum.js'
import { isTransientStatus, networkError, Offline, type Patience, request, Transient, waitBefore } from './patience.js'

/** Address and credentials of the hub. */
export interface HubAccess {
  /** Address without a trailing slash; null for the public hub. */
  readonly endpoint: string | null
  readonly token: string | null
}

/** Files of a repository on the hub. */
export interface HubFiles {
  /** Their name in messages. */
  readonly title: string
  readonly type: 'dataset' | 'model'
  readonly repository: string
  /** Branch, tag or commit. */
  readonly revision: string
  /** Paths in the repository. */
  readonly files: readonly string[]
  /** Paths of files that are fetched if the repository has them. */
  readonly companions?: readonly string[]
  /** Describes which files to place where by hand, and the command that reads them. */
  byHand(dir: string): string
}

/** A file on the hub. */
export interface RemoteFile {
  readonly path: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly size: number
  readonly checksum: Checksum
}

/**
 * Reads the standard variables of Hugging Face clients, HF_ENDPOINT and HF_TOKEN. @throws UserError when one is
 * invalid.
 */
export function hubAccess(environment: NodeJS.ProcessEnv): HubAccess {
  const { HF_ENDPOINT: endpoint, HF_TOKEN: token } = environment
  if (endpoint && !(/^https?:\/\/[^\s/]+/.test(endpoint) && URL.canParse(endpoint)))
    throw new UserError({
      where: 'environment variable HF_ENDPOINT',
      expected: 'an address like https://example.org',
      found: endpoint,
      exitCode: 2,
    })
  if (endpoint && isOpenHttp(new URL(endpoint)))
    throw new UserError({
      where: 'environment variable HF_ENDPOINT',
      expected: 'an address of https, or one of this machine',
      found: endpoint,
      todo: 'Over http anybody on the way could read your token and say what the files are.',
      exitCode: 2,
    })
  // The client library would reject it only at the first request; the token itself must not be printed.
  if (token && !token.startsWith('hf_'))
    throw new UserError({
      where: 'environment variable HF_TOKEN',
      expected: 'a token, which begins with hf_',
      found: 'something else',
      exitCode: 2,
    })
  return { endpoint: endpoint ? endpoint.replace(/\/+$/, '') : null, token: token || null }
}

/** Returns whether an address is of http on another machine. */
function isOpenHttp({ protocol, hostname }: URL): boolean {
  return protocol === 'http:' && !/^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(hostname)
}

/**
 * Returns the sizes and checksums of a repository's files, as listed by the hub; of its companions those that there are.
 *
 * @throws UserError when the hub is unreachable, the repository or a file does not exist, or access is denied.
 */
export async function listHubFiles(
  source: HubFiles,
  dir: string,
  access: HubAccess,
  patience: Patience,
  signal?: AbortSignal,
): Promise<RemoteFile[]> {
  const { type, repository, revision, files, companions = [] } = source
  const about = await asLongAsPatient(patience, signal, source, dir, () =>
    pathsInfo({
      repo: { type, name: repository },
      revision,
      paths: [...files, ...companions],
      ...optionsOf(access, patience, signal),
    }),
  )
  const present = companions.filter((name) => about.some(({ path }) => path === name))
  return [...files, ...present].map((name) => {
    const found = about.find(({ path }) => path === name)
    if (found === undefined) throw refusal(source, dir, 404, name)
    const { size, oid, lfs } = found
    const hex = lfs?.oid ?? oid
    const kind = lfs ? 'sha256' : 'git'
    if (!Number.isSafeInteger(size) || size < 0 || !/^[0-9a-f]+$/.test(hex ?? '') || hex!.length !== (lfs ? 64 : 40))
      throw new UserError({
        where: `${repository}, ${name}`,
        expected: 'its size and checksum from the hub',
        found: JSON.stringify({ size, oid, lfs: lfs?.oid }),
        todo: source.byHand(dir),
      })
    const where = type === 'dataset' ? `datasets/${repository}` : repository
    const path = name.split('/').map(encodeURIComponent).join('/')
    return {
      path: name,
      url: `${access.endpoint ?? HUB_URL}/${where}/resolve/${encodeURIComponent(revision)}/${path}`,
      headers: access.token === null ? {} : { authorization: `Bearer ${access.token}` },
      size,
      checksum: { kind, hex: hex! },
    }
  })
}

/**
 * Returns the commit that a model's revision names; the revision itself if the hub does not say.
 *
 * @throws UserError when the hub is unreachable, the repository does not exist, or access is denied.
 */
export async function commitOf(
  source: HubFiles,
  dir: string,
  access: HubAccess,
  patience: Patience,
  signal?: AbortSignal,
): Promise<string> {
  const { repository, revision } = source
  if (COMMIT.test(revision)) return revision
  const { sha } = await asLongAsPatient(patience, signal, source, dir, () =>
    modelInfo({
      name: repository,
      revision,
      additionalFields: ['sha'],
      ...optionsOf(access, patience, signal),
    }),
  )
  return COMMIT.test(sha) ? sha : revision
}

const COMMIT = /^[0-9a-f]{40}$/

/** Returns the options of the hub's client: address, account, and requests that end when they stall. */
function optionsOf(
  { endpoint, token }: HubAccess,
  patience: Patience,
  signal: AbortSignal | undefined,
): { hubUrl: string; fetch: typeof fetch; accessToken?: string } {
  const ask = async (url: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const { response, stop } = await request(
      String(url instanceof Request ? url.url : url),
      init ?? {},
      patience,
      signal,
    )
    if (isTransientStatus(response.status)) throw new Transient(`HTTP status ${response.status}`)
    const { status, headers } = response
    return new Response(await shortBody(response, stop, patience), { status, headers })
  }
  return { hubUrl: endpoint ?? HUB_URL, fetch: ask, ...(token === null ? {} : { accessToken: token }) }
}

/** Largest answer of the hub that is no file, in bytes: a listing of a dozen files has 5 kB. */
const LARGEST_ANSWER = 2 ** 24

/** Returns the body of an answer, which the client library would read without end. @throws Transient when it is too long, or takes too long. */
async function shortBody(response: Response, stop: AbortController, { stall }: Patience): Promise<Uint8Array | null> {
  const pieces: Uint8Array[] = []
  let bytes = 0
  const timer = setTimeout(() => stop.abort(new Transient(`no whole answer within ${stall / 1000} s`)), stall)
  try {
    for await (const piece of response.body ?? []) {
      bytes += piece.length
      if (bytes > LARGEST_ANSWER) throw new Transient(`an answer of more than ${LARGEST_ANSWER} bytes`)
      pieces.push(piece)
    }
  } finally {
    clearTimeout(timer)
    stop.abort()
  }
  return [204, 205, 304].includes(response.status) ? null : Buffer.concat(pieces)
}

/** Explains a refused request to the user. */
export function refusal(source: HubFiles, dir: string, status: number, file?: string): UserError {
  const repository = `the ${TYPES[source.type]} ${source.repository}`
  const denied = status === 401 || status === 403
  return new UserError({
    where: source.title,
    expected: `${file === undefined ? repository : `${file} in ${repository}`} on the hub`,
    found: `HTTP status ${status} (${denied ? 'access is denied, or it does not exist' : 'it does not exist'})`,
    todo: denied
      ? `Accept its terms with your account and set HF_TOKEN to that account's token. ${source.byHand(dir)}`
      : `It may have moved or been renamed. ${source.byHand(dir)}`,
  })
}

const TYPES = { dataset: 'data set', model: 'model' } as const

/** Explains a missing connection to the user. */
export function offline(source: HubFiles, dir: string, reason: string): UserError {
  return new UserError({
    where: source.title,
    expected: 'a connection to the Hugging Face hub (or to a mirror, named by HF_ENDPOINT)',
    found: `none (${reason})`,
    todo: source.byHand(dir),
  })
}

async function asLongAsPatient<T>(
  patience: Patience,
  signal: AbortSignal | undefined,
  source: HubFiles,
  dir: string,
  work: () => Promise<T>,
): Promise<T> {
  let reason = ''
  for (let tried = 0; tried < patience.tries; tried++) {
    if (tried > 0) await waitBefore(tried, patience, signal)
    if (signal?.aborted)
      throw new Interrupted({
        where: source.title,
        expected: 'a complete download',
        found: 'an interrupt',
        todo: 'Run the same command again.',
      })
    try {
      return await work()
    } catch (error) {
      const status = statusOf(error)
      if (status !== null) throw refusal(source, dir, status)
      const failure = networkError(error)
      if (failure instanceof Offline) throw offline(source, dir, failure.message)
      if (!(failure instanceof Transient)) throw failure
      reason = failure.message
    }
  }
  throw new UserError({
    where: source.title,
    expected: 'an answer from the hub',
    found: `none in ${patience.tries} tries (${reason})`,
    todo: `Try again later. ${source.byHand(dir)}`,
  })
}

/** Returns the HTTP status in an error of the client library, or null. */
function statusOf(error: unknown): number | null {
  const status = error instanceof Error ? (error as Error & { statusCode?: unknown }).statusCode : undefined
  return typeof status === 'number' ? status : null
}
