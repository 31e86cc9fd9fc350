import { randomUUID } from 'node:crypto'
import type { Comm, CommMessage, Comms, Content } from '../../notebook/host.js'
import type { Header, ToCells } from '../protocol.js'
import { context, currentOwner, Owner } from './context.js'
import { reportThrown } from './report.js'
import { asJson, publish, send } from './wire.js'

type FromFrontEnd = Extract<ToCells, { type: 'comm' }>

/** The comms that the host offers, and the receiver of the front end's messages to them. */
export interface CommsOfProcess extends Comms {
  receive(message: FromFrontEnd): void
  /** Drops, after a forced stop, the message that was being handled. */
  abandon(): void
}

/** A comm opened by either side. */
interface Open {
  readonly comm: Comm
  message: Handler | null
  closed: Handler | null
}

/** A callback, and the parent message of its cell's output. */
interface Handler {
  readonly parent: Header | null
  call(data: Content, message: CommMessage): void
}

/** Creates the comms of this process. */
export function createComms(): CommsOfProcess {
  const opened = new Map<string, Open>()
  const targets = new Map<string, (comm: Comm, data: Content, message: CommMessage) => void>()
  const parents = new Map<string, Header | null>()

  /** The message being handled: messages sent in the meantime answer it, as the front end's widgets expect. */
  let answered: Header | null = null

  const tell = (): void =>
    send({ type: 'comms', open: Object.fromEntries(Array.from(opened.values(), ({ comm }) => [comm.id, comm.target])) })

  const add = (id: string, target: string): Open => {
    const say = (kind: string, content: Content, message: CommMessage = {}): void => {
      if (!opened.has(id)) return
      publish(answered ?? parentNow(), kind, { comm_id: id, ...content }, extras(message))
    }
    const open: Open = {
      message: null,
      closed: null,
      comm: {
        id,
        target,
        send: (data, message) => say('comm_msg', { data: asJson(data) }, message),
        onMessage: (callback) => {
          open.message = { parent: parentNow(), call: callback }
        },
        onClose: (callback) => {
          open.closed = { parent: parentNow(), call: callback }
        },
        close: (data = {}) => {
          say('comm_close', { data: asJson(data) })
          if (opened.delete(id)) tell()
        },
      },
    }
    opened.set(id, open)
    tell()
    return open
  }

  const receive = ({ parent, message, content, metadata, buffers }: FromFrontEnd): void => {
    const id = String(content.comm_id)
    const data = (content.data ?? {}) as Content
    const more: CommMessage = { metadata, buffers }
    if (message === 'comm_open') {
      const target = String(content.target_name)
      const accept = targets.get(target)
      if (!accept) {
        publish(parent, 'comm_close', { comm_id: id, data: {} })
        return
      }
      const { comm } = add(id, target)
      callFor(parents.get(target) ?? parent, () => accept(comm, data, more))
      return
    }
    const open = opened.get(id)
    if (!open) return
    if (message === 'comm_close') {
      opened.delete(id)
      tell()
    }
    const handler = message === 'comm_msg' ? open.message : open.closed
    if (!handler) return
    answered = parent
    callFor(handler.parent ?? parent, () => handler.call(data, more))
    answered = null
  }

  return {
    receive,
    abandon() {
      answered = null
    },
    open(target, data, options = {}) {
      const content = asJson(data)
      const { comm } = add(randomUUID(), target)
      publish(parentNow(), 'comm_open', { comm_id: comm.id, target_name: target, data: content }, extras(options))
      return comm
    },
    onOpen(target, callback) {
      targets.set(target, callback)
      parents.set(target, parentNow())
    },
  }
}

function parentNow(): Header | null {
  return currentOwner()?.parent ?? null
}

function extras({ metadata, buffers }: CommMessage): { metadata?: Content; buffers?: readonly Uint8Array[] } {
  return { ...(metadata ? { metadata: asJson(metadata) } : {}), ...(buffers ? { buffers } : {}) }
}

/**
 * Returns a callback whose output appears under the cell that registered it. The callback is not the cell's code:
 * objects that a cell has made live on when the cell is stopped.
 */
export function callFor(parent: Header, call: () => unknown): void {
  context.run(new Owner(parent), () => {
    try {
      void Promise.resolve(call()).catch((error: unknown) => reportThrown('Thrown in a callback', error))
    } catch (error) {
      reportThrown('Thrown in a callback', error)
    }
  })
}
