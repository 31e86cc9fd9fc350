import { randomUUID } from 'node:crypto'
import type { Content, Header } from '../protocol.js'
import { type Extras, encode, type Message, type Signing } from './message.js'
import { createOutbox, type Flow, type PublishingSocket } from './outbox.js'

/** A socket whose frames begin with an address. */
export interface AddressedSocket {
  send(frames: (Uint8Array | string)[]): Promise<void>
}

/** Sends the kernel's messages. */
export interface Wire {
  /** Publishes on iopub. */
  publish(parent: Header | null, type: string, content: Content, extras?: Extras): void
  /** Answers a request on the socket that it arrived on. */
  reply(socket: AddressedSocket, request: Message, content: Content, extras?: Extras): void
  /** Sends a request to the front end that sent `request`, and returns its id. */
  ask(socket: AddressedSocket, request: Message, type: string, content: Content): string
  /** Resolves when every published message has gone out. */
  empty(): Promise<void>
}

/** Creates the sending side of a notebook kernel's sockets. */
export function createWire(iopub: PublishingSocket, signing: Signing, flow: Flow): Wire {
  const session = randomUUID()
  const outbox = createOutbox(iopub, flow)
  const send = (socket: AddressedSocket, request: Message, type: string, content: Content, extras?: Extras): string => {
    const origin = { session, signing, parent: request.header }
    const { id, frames } = encode(request.identities, type, content, origin, extras)
    // A front end that is gone needs no answer.
    socket.send(frames).catch(() => {})
    return id
  }
  return {
    publish(parent, type, content, extras) {
      const topic = type === 'stream' ? `stream.${String(content.name)}` : type
      outbox.send(encode([topic], type, content, { session, signing, parent }, extras).frames)
    },
    reply: (socket, request, content, extras) =>
      void send(socket, request, request.header.msg_type.replace(/_request$/, '_reply'), content, extras),
    ask: send,
    empty: outbox.empty,
  }
}
