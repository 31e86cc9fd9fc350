import { createHmac, randomUUID, timingSafeEqual } from 'node:crypto'
import { wellFormedJson } from '../../files/json-text.js'
import type { Content, Header } from '../protocol.js'

/** A received Jupyter message. */
export interface Message {
  /** The address of the reply. */
  readonly identities: readonly Buffer[]
  readonly header: Header
  /** The header of the message that this one answers; empty if it answers none. */
  readonly parent: Readonly<Partial<Header>>
  readonly metadata: Content
  readonly content: Content
  readonly buffers: readonly Buffer[]
}

/** The key and the algorithm that sign messages. */
export interface Signing {
  /** Empty if messages are not signed. */
  readonly key: string
  /** The hash of the HMAC, e.g. `sha256`. */
  readonly algorithm: string
}

/** The parts of a message besides its content. */
export interface Extras {
  readonly metadata?: Content
  readonly buffers?: readonly Uint8Array[]
}

/** The origin of a message sent by the kernel: its session, and the request that it belongs to. */
export interface Origin {
  readonly session: string
  readonly signing: Signing
  readonly parent: Header | null
}

/** Version of the messaging protocol. */
export const PROTOCOL = '5.4'

const DELIMITER = Buffer.from('<IDS|MSG>')
/** Header, parent header, metadata and content. */
const JSON_FRAMES = 4

/**
 * Reads the frames of a message.
 *
 * @throws Error when a frame is missing or is not a JSON object, or when the signature does not match the key
 */
export function decode(frames: readonly Buffer[], signing: Signing): Message {
  const at = frames.findIndex((frame) => frame.equals(DELIMITER))
  const parts = frames.slice(at + 2, at + 2 + JSON_FRAMES)
  if (at < 0 || parts.length < JSON_FRAMES) throw new Error('a message without all of its parts')
  const signature = frames[at + 1]!
  const expected = Buffer.from(sign(parts, signing))
  if (signing.key !== '' && (signature.length !== expected.length || !timingSafeEqual(signature, expected)))
    throw new Error('a message with a wrong signature')
  const [header, parent, metadata, content] = parts.map(readObject)
  if (typeof header!.msg_type !== 'string' || typeof header!.msg_id !== 'string')
    throw new Error('a message without a type or an id')
  return {
    identities: frames.slice(0, at),
    header: header as unknown as Header,
    parent: parent!,
    metadata: metadata!,
    content: content!,
    buffers: frames.slice(at + 2 + JSON_FRAMES),
  }
}

function readObject(frame: Buffer): Content {
  const value: unknown = JSON.parse(frame.toString('utf8'))
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error('a message with a part that is no object')
  return value as Content
}

/** Returns the frames of a new message. */
export function encode(
  identities: readonly (Buffer | string)[],
  type: string,
  content: Content,
  origin: Origin,
  extras: Extras = {},
): { readonly id: string; readonly frames: (Uint8Array | string)[] } {
  const header: Header = {
    msg_id: randomUUID(),
    msg_type: type,
    session: origin.session,
    username: 'kernel',
    date: new Date().toISOString(),
    version: PROTOCOL,
  }
  const parts = [header, origin.parent ?? {}, extras.metadata ?? {}, content].map(wellFormedJson)
  const frames = [...identities, DELIMITER, sign(parts, origin.signing), ...parts, ...(extras.buffers ?? [])]
  return { id: header.msg_id, frames }
}

function sign(parts: readonly (Buffer | string)[], { key, algorithm }: Signing): string {
  if (key === '') return ''
  const hmac = createHmac(algorithm, key)
  for (const part of parts) hmac.update(part)
  return hmac.digest('hex')
}
