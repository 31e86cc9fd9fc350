import { type Comm, type Content, currentHost, type NotebookHost } from '../host.js'
import { answerStateRequests, registry } from './registry.js'

/** Version of the messages between widgets and their front end. */
const PROTOCOL = { version: '2.1.0' }

const TARGET = 'jupyter.widget'
const CONTROLS = '@jupyter-widgets/controls'
const BASE = '@jupyter-widgets/base'
const VERSION = '2.0.0'

const MODEL: unique symbol = Symbol.for('recurlab.widgetModel') as never

/** Handlers for messages of the front end. */
export interface ModelEvents {
  /** Called when the front end changes part of its state, given by name. Returns null if none of it is accepted. */
  changed?(state: Content): Taken | null
  /** Called with any other message of a view, such as a click. */
  custom?(content: Content): void
}

/** The accepted part of a front end's change. */
export interface Taken {
  /** By name; the values may differ from those sent. */
  readonly state: Content
  /** Notifies listeners of the change, after the front end was informed. */
  tell(): void
}

/** A model and its child models, without their references to each other. */
export interface ModelTree {
  /** The front end's name of the model, e.g. `FloatSliderModel`. */
  readonly name: string
  readonly state: Content
  readonly children: readonly ModelTree[]
}

/**
 * The notebook kernel's end of one object of the front end's widgets: its state, by the front end's names, sent when it
 * changes. The front end learns of it when it is first shown.
 */
export class Model {
  readonly [MODEL] = true
  readonly #state: Record<string, unknown>
  readonly #events: ModelEvents
  #comm: Comm | null = null
  /** The host that the comm belongs to. */
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

  /** Returns one value of the state. */
  get(key: string): unknown {
    return this.#state[key]
  }

  /** Changes part of the state, here and in the front end. */
  set(changes: Content): void {
    Object.assign(this.#state, changes)
    registry().changed = true
    this.#send('update', changes)
  }

  /** Announces the model to the front end. Returns its id there, or null in a plain terminal. */
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

  /** Returns the data to draw. */
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
    // Other windows with the same notebook hear only from the notebook kernel; and the sender learns that it was heard.
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

  /** Replaces models by references, after announcing them to the front end. */
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

/** Recognises models of a reloaded module's former instance too. */
function isModel(value: unknown): value is Model {
  return typeof value === 'object' && value !== null && (value as { [MODEL]?: unknown })[MODEL] === true
}

function isRecord(value: unknown): value is Content {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
