import { UserError } from '../../errors.js'

/** Timeouts and retries. */
export interface Patience {
  /** Milliseconds without a byte after which a connection counts as stalled. Default: 30,000. */
  readonly stall: number
  /** Maximum number of consecutive tries without progress. Default: 6. */
  readonly tries: number
  /** Milliseconds before the second try; doubled for each further one, up to 30 s. Default: 1,000. */
  readonly backoff: number
}

export const PATIENCE: Patience = { stall: 30_000, tries: 6, backoff: 1_000 }

const LONGEST_WAIT = 30_000

/** A failure that a retry may overcome. */
export class Transient extends Error {
  override readonly name = 'Transient'
}

/** The server is unreachable. */
export class Offline extends Error {
  override readonly name = 'Offline'
}

const NO_WAY = new Set(['ENOTFOUND', 'EAI_AGAIN', 'ECONNREFUSED', 'ENETUNREACH', 'EHOSTUNREACH', 'ENETDOWN'])

/** Classifies a failed request: {@link Offline} without a route or server, else {@link Transient}. */
export function networkError(error: unknown): Error {
  if (error instanceof UserError || error instanceof Transient || error instanceof Offline) return error
  const codes = causes(error).flatMap((cause) => {
    const code = (cause as NodeJS.ErrnoException).code
    return typeof code === 'string' ? [code] : []
  })
  // "fetch failed" is uninformative, so that its cause is reported; "bad port" is permanent.
  const innermost = causes(error).at(-1)
  const text = codes[0] ?? (innermost instanceof Error ? innermost.message : String(error))
  return text === 'bad port' || codes.some((code) => NO_WAY.has(code))
    ? new Offline(text, { cause: error })
    : new Transient(text, { cause: error })
}

/** Returns an error and its causes; an attempt on several addresses has several. */
function causes(error: unknown, depth = 0): unknown[] {
  if (!(error instanceof Error) || depth > 5) return []
  const inner = error instanceof AggregateError ? (error.errors as unknown[]) : []
  return [error, ...[...inner, error.cause].flatMap((cause) => causes(cause, depth + 1))]
}

/** Waits before try number `tried + 1`; an abort signal ends the wait early, without an error. */
export async function waitBefore(tried: number, { backoff }: Patience, signal?: AbortSignal): Promise<void> {
  const milliseconds = Math.min(backoff * 2 ** (tried - 1), LONGEST_WAIT)
  await new Promise<void>((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, milliseconds)
    if (signal?.aborted) done()
    else signal?.addEventListener('abort', done)
  })
}

/** Returns whether a status is temporary. */
export function isTransientStatus(status: number): boolean {
  return status >= 500 || status === 429 || status === 408
}

/**
 * Calls `fetch` with the stall timeout, without retries.
 *
 * @returns the response, and the controller that aborts its body
 * @throws Offline or Transient
 */
export async function request(
  url: string,
  init: RequestInit,
  { stall }: Patience,
  signal?: AbortSignal,
): Promise<{ response: Response; stop: AbortController }> {
  const stop = new AbortController()
  const either = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal
  const timer = setTimeout(() => stop.abort(new Transient(`no answer within ${stall / 1000} s`)), stall)
  try {
    return { response: await fetch(url, { ...init, signal: either }), stop }
  } catch (error) {
    throw networkError(error)
  } finally {
    clearTimeout(timer)
  }
}
