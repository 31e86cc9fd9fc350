import { HUB_URL, pathsInfo } from '@huggingface/hub'
import { UserError } from '../../errors.js'
import type { Checksum } from './checksum.js'
import { isTransientStatus, networkError, Offline, type Patience, request, Transient, waitBefore } from './patience.js'
import { byHand, type HubSource } from './sources.js'

/** Address and credentials of the hub. */
export interface HubAccess {
  /** Address without a trailing slash; null for the public hub. */
  readonly endpoint: string | null
  readonly token: string | null
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

/**
 * Returns the sizes and checksums of a data set's files, as listed by the hub.
 *
 * @throws UserError when the hub is unreachable, the data set or a file does not exist, or access is denied.
 */
export async function listHubFiles(
  source: HubSource,
  dir: string,
  access: HubAccess,
  patience: Patience,
  signal?: AbortSignal,
): Promise<RemoteFile[]> {
  const { repository, files } = source
  const ask = async (url: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const { response } = await request(String(url instanceof Request ? url.url : url), init ?? {}, patience, signal)
    if (isTransientStatus(response.status)) throw new Transient(`HTTP status ${response.status}`)
    return response
  }
  const about = await asLongAsPatient(patience, signal, source, dir, () =>
    pathsInfo({
      repo: { type: 'dataset', name: repository },
      paths: [...files],
      hubUrl: access.endpoint ?? HUB_URL,
      fetch: ask,
      ...(access.token === null ? {} : { accessToken: access.token }),
    }),
  )
  return files.map((name) => {
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
        todo: byHand(source, dir),
      })
    return {
      path: name,
      url: `${access.endpoint ?? HUB_URL}/datasets/${repository}/resolve/main/${encodeURIComponent(name)}`,
      headers: access.token === null ? {} : { authorization: `Bearer ${access.token}` },
      size,
      checksum: { kind, hex: hex! },
    }
  })
}

/** Explains a refused request to the user. */
export function refusal(source: HubSource, dir: string, status: number, file?: string): UserError {
  const what = `${file === undefined ? 'the data set' : `${file} in the data set`} ${source.repository}`
  const denied = status === 401 || status === 403
  return new UserError({
    where: source.title,
    expected: `${what} on the hub`,
    found: `HTTP status ${status} (${denied ? 'access is denied, or it does not exist' : 'it does not exist'})`,
    todo: denied
      ? `Accept its terms with your account and set HF_TOKEN to that account's token. ${byHand(source, dir)}`
      : `It may have moved or been renamed. ${byHand(source, dir)}`,
  })
}

/** Explains a missing connection to the user. */
export function offline(source: HubSource, dir: string, reason: string): UserError {
  return new UserError({
    where: source.title,
    expected: 'a connection to the Hugging Face hub (or to a mirror, named by HF_ENDPOINT)',
    found: `none (${reason})`,
    todo: byHand(source, dir),
  })
}

async function asLongAsPatient<T>(
  patience: Patience,
  signal: AbortSignal | undefined,
  source: HubSource,
  dir: string,
  work: () => Promise<T>,
): Promise<T> {
  let reason = ''
  for (let tried = 0; tried < patience.tries; tried++) {
    if (tried > 0) await waitBefore(tried, patience, signal)
    if (signal?.aborted)
      throw new UserError({ where: source.title, expected: 'a complete download', found: 'an interrupt' })
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
    todo: `Try again later. ${byHand(source, dir)}`,
  })
}

/** Returns the HTTP status in an error of the client library, or null. */
function statusOf(error: unknown): number | null {
  const status = error instanceof Error ? (error as Error & { statusCode?: unknown }).statusCode : undefined
  return typeof status === 'number' ? status : null
}
