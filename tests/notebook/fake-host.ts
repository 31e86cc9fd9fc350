import {
  type Comm,
  type CommMessage,
  type Content,
  type MimeBundle,
  type NotebookHost,
  setHost,
  type TypeErrors,
} from '../../lib/notebook/host.js'

/** An output that a test's host was given. */
export interface Sent {
  readonly kind: 'display' | 'update'
  readonly bundle: MimeBundle
  readonly id: string
}

/** What a test's host was given for the front end's end of a channel. */
export interface CommSent {
  readonly kind: 'open' | 'message' | 'close'
  readonly data: Content
  readonly message: CommMessage
}

/** A channel with the front end's end in the test's hands. */
export interface FakeComm extends Comm {
  /** What the code under test has sent, its opening first. */
  readonly sent: readonly CommSent[]
  readonly closed: boolean
  /** The front end sends. */
  receive(data: Content, message?: CommMessage): void
  /** The front end closes. */
  closeFromFrontEnd(): void
}

/** A host that only remembers. Everything that the kernel would do of itself, a test does by calling it. */
export interface FakeHost extends NotebookHost {
  readonly sent: readonly Sent[]
  /** One for each `clear`, its `wait`. */
  readonly cleared: readonly boolean[]
  readonly prompts: readonly string[]
  readonly typeErrors: readonly TypeErrors[]
  /** What callbacks for the front end have thrown. */
  readonly thrown: readonly unknown[]
  /** Pieces of stoppable work that go on now. */
  readonly stoppableNow: number
  /** Channels that were opened from here, in order. */
  readonly opened: readonly FakeComm[]
  /** The user stops the cell: its signal is aborted. */
  stop(): void
  /** Calls what waits for the end of the cell; the next cell has a fresh signal. */
  endCell(): Promise<void>
  /** The cell was stopped by force. */
  forceStop(): void
  /** The front end opens a channel. @throws Error when nothing takes this target. */
  openFromFrontEnd(target: string, data: Content, message?: CommMessage): FakeComm
}

/** What a test can say of its host. */
export interface FakeHostOptions {
  /** Default true. */
  readonly live?: boolean
  /** What the user answers to `input`, in turn. */
  readonly answers?: readonly string[]
}

/** Installs a host that remembers what it is given, until the test calls `setHost(null)`. */
export function fakeHost({ live = true, answers = [] }: FakeHostOptions = {}): FakeHost {
  const sent: Sent[] = []
  const cleared: boolean[] = []
  const prompts: string[] = []
  const typeErrors: TypeErrors[] = []
  const thrown: unknown[] = []
  const opened: FakeComm[] = []
  const cellEnds = new Map<string, () => void | Promise<void>>()
  const forcedStops = new Map<string, () => void>()
  const targets = new Map<string, (comm: Comm, data: Content, message: CommMessage) => void>()
  const rest = [...answers]
  let controller = new AbortController()
  let stoppableNow = 0

  const host: FakeHost = {
    live,
    sent,
    cleared,
    prompts,
    typeErrors,
    thrown,
    opened,
    get signal() {
      return controller.signal
    },
    get stoppableNow() {
      return stoppableNow
    },
    display: (bundle, id) => void sent.push({ kind: 'display', bundle, id }),
    update: (bundle, id) => void sent.push({ kind: 'update', bundle, id }),
    clear: (wait) => void cleared.push(wait),
    atCellEnd: (name, callback) => void cellEnds.set(name, callback),
    atForcedStop: (name, callback) => void forcedStops.set(name, callback),
    forFrontEnd:
      (callback) =>
      (...args) =>
        void (async () => callback(...args))().catch((error: unknown) => thrown.push(error)),
    uncut: (work) => work(),
    stoppable: async (work) => {
      stoppableNow++
      try {
        return await work()
      } finally {
        stoppableNow--
      }
    },
    input: async (prompt) => {
      prompts.push(prompt)
      const answer = rest.shift()
      if (answer === undefined) throw new Error(`No answer for: ${prompt}`)
      return answer
    },
    setTypeErrors: (mode) => void typeErrors.push(mode),
    stop: () => controller.abort(),
    endCell: async () => {
      await Promise.all([...cellEnds.values()].map(async (callback) => callback()))
      controller = new AbortController()
    },
    forceStop: () => {
      controller.abort()
      for (const callback of [...forcedStops.values()]) callback()
      controller = new AbortController()
    },
    comms: {
      open: (target, data, message = {}) => {
        const comm = fakeComm(`comm-${opened.length + 1}`, target, [{ kind: 'open', data, message }])
        opened.push(comm)
        return comm
      },
      onOpen: (target, callback) => void targets.set(target, callback),
    },
    openFromFrontEnd: (target, data, message = {}) => {
      const take = targets.get(target)
      if (!take) throw new Error(`Nothing takes channels to ${target}`)
      const comm = fakeComm(`front-end-${target}`, target, [])
      take(comm, data, message)
      return comm
    },
  }
  setHost(host)
  return host
}

function fakeComm(id: string, target: string, sent: CommSent[]): FakeComm {
  let closed = false
  let take: (data: Content, message: CommMessage) => void = () => {}
  let end = (): void => {}
  return {
    id,
    target,
    sent,
    get closed() {
      return closed
    },
    send: (data, message = {}) => void sent.push({ kind: 'message', data, message }),
    onMessage: (callback) => {
      take = callback
    },
    onClose: (callback) => {
      end = callback
    },
    close: (data = {}) => {
      closed = true
      sent.push({ kind: 'close', data, message: {} })
    },
    receive: (data, message = {}) => take(data, message),
    closeFromFrontEnd: () => {
      closed = true
      end()
    },
  }
}
