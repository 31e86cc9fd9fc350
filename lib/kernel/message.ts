import { createHmac, randomUUID, timingSafeEqual } from 'node:crypto'

/** The header of a Jupyter message (protocol 5.3). */
export interface Header {
  readonly msg_id: string
  readonly msg_type: string
  readonly session: string
  readonly username: string
  readonly date: string
  readonly version: string
}

/** A Jupyter message as it came in. */
export interface Message {
  /** Where a reply has to go. */
  readonly identities: readonly Buffer[]
  readonly header: Header
  readonly content: Readonly<Record<string, unknown>>
}

const DELIMITER = Buffer.from('<IDS|MSG>')
const VERSION = '5.3'

/**
 * Reads the frames of a message.
 *
 * @throws Error when a frame is missing or the signature is not the one that the key gives.
 */
export function decode(frames: readonly Buffer[], key: string): Message {
  const at = frames.findIndex((frame) => frame.equals(DELIMITER))
  const parts = frames.slice(at + 2, at + 6)
  if (at < 0 || parts.length < 4) throw new Error('a message without all of its parts')
  const signature = frames[at + 1]!
  const expected = Buffer.from(sign(parts, key))
  if (key !== '' && (signature.length !== expected.length || !timingSafeEqual(signature, expected)))
    throw new Error('a message with a wrong signature')
  const [header, , , content] = parts.map((part) => JSON.parse(part.toString('utf8')))
  return { identities: frames.slice(0, at), header, content }
}

/** Where a message of the kernel's comes from: its session, and the request that it belongs to. */
export interface Origin {
  readonly session: string
  readonly key: string
  readonly parent: Header | null
}

/** The frames of a new message. */
export function encode(
  identities: readonly (Buffer | string)[],
  type: string,
  content: Readonly<Record<string, unknown>>,
  { session, key, parent }: Origin,
): (Buffer | string)[] {
  const header: Header = {
    msg_id: randomUUID(),
    msg_type: type,
    session,
    username: 'kernel',
    date: new Date().toISOString(),
    version: VERSION,
  }
  const parts = [header, parent ?? {}, {}, content].map((part) => JSON.stringify(part))
  return [...identities, DELIMITER, sign(parts, key), ...parts]
}

function sign(parts: readonly (Buffer | string)[], key: string): string {
  if (key === '') return ''
  const hmac = createHmac('sha256', key)
  for (const part of parts) hmac.update(part)
  return hmac.digest('hex')
}
