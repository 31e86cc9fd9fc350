import { UserError } from '../../errors.js'

/** How long is waited, and how often something is tried again. */
export interface Patience {
  /** Milliseconds without a byte after which a connection counts as stalled. Default 30,000. */
  readonly stall: number
  /** Tries in a row that may bring nothing. Default 6. */
  readonly tries: number
  /** Milliseconds before the second try; doubled for each further one, at most 30 s. Default 1,000. */
  readonly backoff: number
}

export const PATIENCE: Patience = { stall: 30_000, tries: 6, backoff: 1_000 }

const LONGEST_WAIT = 30_000

/** A failure that may be gone at the next try. */
export class Transient extends Error {
  override readonly name = 'Transient'
}

/** There is no way to the server. */
export class Offline extends Error {
  override readonly name = 'Offline'
}

const NO_WAY = new Set(['ENOTFOUND', 'EAI_AGAIN', 'ECONNREFUSED', 'ENETUNREACH', 'EHOSTUNREACH', 'ENETDOWN'])

/** What a failed request means: {@link Offline} without a route or server, else {@link Transient}. */
export function networkError(error: unknown): Error {
  if (error instanceof UserError || error instanceof Transient || error instanceof Offline) return error
  const codes = causes(error).flatMap((cause) => {
    const code = (cause as NodeJS.ErrnoException).code
    return typeof code === 'string' ? [code] : []
  })
  // Of "fetch failed", which says nothing, the cause does: "bad port", for one that no browser would ask, as it stays.
  const innermost = causes(error).at(-1)
  const text = codes[0] ?? (innermost instanceof Error ? innermost.message : String(error))
  return text === 'bad port' || codes.some((code) => NO_WAY.has(code))
    ? new Offline(text, { cause: error })
    : new Transient(text, { cause: error })
}

/** An error and what caused it; several where several addresses were tried. */
function causes(error: unknown, depth = 0): unknown[] {
  if (!(error instanceof Error) || depth > 5) return []
  const inner = error instanceof AggregateError ? (error.errors as unknown[]) : []
  return [error, ...[...inner, error.cause].flatMap((cause) => causes(cause, depth + 1))]
}

/** Waits before try number `tried + 1`; ends early, without an error, when the signal is given. */
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

/** Statuses that a server gives when it may do better later. */
export function isTransientStatus(status: number): boolean {
  return status >= 500 || status === 429 || status === 408
}

/**
 * `fetch` that answers within the stall time; it is not tried again here.
 *
 * @returns the answer, and the controller that ends its body
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
