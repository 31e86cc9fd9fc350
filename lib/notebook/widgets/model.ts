import { type Comm, type Content, currentHost, type NotebookHost } from '../host.js'
import { answerStateRequests, registry } from './registry.js'

/** Version of the messages between widgets and their front end. */
const PROTOCOL = { version: '2.1.0' }

const TARGET = 'jupyter.widget'
const CONTROLS = '@jupyter-widgets/controls'
const BASE = '@jupyter-widgets/base'
const VERSION = '2.0.0'

const MODEL: unique symbol = Symbol.for('recurlab.widgetModel') as never

/** What a widget does with the messages of its front end. */
export interface ModelEvents {
  /** The front end has another state: some of it, by name, as it was sent. Null where none of it can be taken. */
  changed?(state: Content): Taken | null
  /** Anything else that a view says, such as a click. */
  custom?(content: Content): void
}

/** What a widget takes of a change in the front end. */
export interface Taken {
  /** By name; the values may be others than those sent. */
  readonly state: Content
  /** Tells the change to others, after the front end has heard of it. */
  tell(): void
}

/** A model and those that it is made of, without the ways in which they refer to each other. */
export interface ModelTree {
  /** The front end's name of the model, e.g. `FloatSliderModel`. */
  readonly name: string
  readonly state: Content
  readonly children: readonly ModelTree[]
}

/**
 * The kernel's end of one object of the front end's widgets: its state, by the front end's names, sent when it changes.
 * The front end learns of it when it is shown for the first time.
 */
export class Model {
  readonly [MODEL] = true
  readonly #state: Record<string, unknown>
  readonly #events: ModelEvents
  #comm: Comm | null = null
  /** Of the host that the comm belongs to. */
  #host: NotebookHost | null = null

  /**
   * @param name the front end's name of the model, e.g. `FloatSliderModel`
   * @param view the front end's name of the view
   * @param state JSON, and other models
   */
  constructor(name: string, view: string, state: Content, events: ModelEvents = {}) {
    const viewModule = view === 'StyleView' || view === 'LayoutView' ? BASE : CONTROLS
    this.#state = {
      _model_module: view === 'LayoutView' ? BASE : CONTROLS,
      _model_module_version: VERSION,
      _model_name: name,
      _view_module: viewModule,
      _view_module_version: VERSION,
      _view_name: view,
      ...state,
    }
    this.#events = events
  }

  /** One value of the state. */
  get(key: string): unknown {
    return this.#state[key]
  }

  /** Changes some of the state, here and in the front end. */
  set(changes: Content): void {
    Object.assign(this.#state, changes)
    registry().changed = true
    this.#send('update', changes)
  }

  /** Makes the front end know the model. Returns its id there, or null in a plain terminal. */
  open(): string | null {
    const host = currentHost()
    if (!host) return null
    if (this.#comm && this.#host === host) return this.#comm.id
    answerStateRequests(host)
    const comm = host.comms.open(TARGET, { state: this.#wire(this.#state), buffer_paths: [] }, { metadata: PROTOCOL })
    this.#comm = comm
    this.#host = host
    registry().states.set(comm.id, () => this.#embedded())
    comm.onMessage((data) => this.#receive(data))
    comm.onClose(() => this.#closed(comm))
    return comm.id
  }

  /** Removes the model, and everything that shows it, from the front end. */
  close(): void {
    const comm = this.#comm
    if (!comm) return
    this.#closed(comm)
    comm.close()
  }

  /** What there is to draw. */
  tree(): ModelTree {
    const children = Array.isArray(this.#state.children) ? (this.#state.children as readonly Model[]) : []
    return {
      name: String(this.#state._model_name),
      state: this.#state,
      children: children.map((child) => child.tree()),
    }
  }

  #receive(data: Content): void {
    if (data.method === 'request_state') this.#send('update', this.#state)
    else if (data.method === 'update' && isRecord(data.state)) this.#update(data.state)
    else if (data.method === 'custom' && isRecord(data.content)) this.#events.custom?.(data.content)
  }

  #update(sent: Content): void {
    const taken = this.#events.changed?.(sent) ?? null
    if (taken === null) return
    const echo = Object.fromEntries(Object.keys(taken.state).map((key) => [key, sent[key]]))
    // Other windows with the same notebook hear only from the kernel; and the sender learns that it was heard.
    this.#send('echo_update', echo)
    const corrected = Object.fromEntries(Object.entries(taken.state).filter(([key, value]) => value !== sent[key]))
    Object.assign(this.#state, echo)
    registry().changed = true
    if (Object.keys(corrected).length > 0) this.set(corrected)
    taken.tell()
  }

  #send(method: 'update' | 'echo_update', state: Content): void {
    this.#comm?.send({ method, state: this.#wire(state), buffer_paths: [] })
  }

  /** Models as references, after the front end knows them. */
  #wire(state: Content): Content {
    const wire = (value: unknown): unknown => {
      if (isModel(value)) return `IPY_MODEL_${value.open()}`
      return Array.isArray(value) ? value.map(wire) : value
    }
    return Object.fromEntries(Object.entries(state).map(([key, value]) => [key, wire(value)]))
  }

  #embedded(): Content {
    return {
      model_name: this.#state._model_name,
      model_module: this.#state._model_module,
      model_module_version: this.#state._model_module_version,
      state: this.#wire(this.#state),
    }
  }

  #closed(comm: Comm): void {
    registry().states.delete(comm.id)
    if (this.#comm === comm) this.#comm = null
  }
}

/** Models of a former instance of this module are models too. */
function isModel(value: unknown): value is Model {
  return typeof value === 'object' && value !== null && (value as { [MODEL]?: unknown })[MODEL] === true
}

function isRecord(value: unknown): value is Content {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
