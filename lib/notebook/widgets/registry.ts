import type { Content, NotebookHost } from '../host.js'

/** Comm target on which JupyterLab requests the states of all widgets after its page is reloaded. */
const CONTROL_TARGET = 'jupyter.widget.control'

/** A global key: a reloaded instance of this module must find the widgets of the former one. */
const KEY = Symbol.for('recurlab.widgets')

interface Registry {
  /** The state of every model that the front end knows, in the form in which notebooks store models. */
  readonly states: Map<string, () => Content>
  /** The widgets whose pictures in the notebook are kept up to date. */
  readonly shown: Set<{ updatePictures(): void }>
  /** Whether any model has changed since the pictures were last updated. */
  changed: boolean
}

/** Returns the state of all widgets, which outlives this module. */
export function registry(): Registry {
  const holder = globalThis as { [KEY]?: Registry }
  holder[KEY] ??= { states: new Map(), shown: new Set(), changed: false }
  return holder[KEY]
}

/** Answers a reloaded page that requests all widgets. */
export function answerStateRequests(host: NotebookHost): void {
  host.comms.onOpen(CONTROL_TARGET, (comm) =>
    comm.onMessage((data) => {
      if (data.method !== 'request_states') return
      const all = [...registry().states].map(([id, state]): [string, Content] => [id, state()])
      comm.send({ method: 'update_states', states: Object.fromEntries(all), buffer_paths: [] })
    }),
  )
}
