import type { Content, NotebookHost } from '../host.js'

/** What JupyterLab asks for the states of all widgets on, after its page was loaded again. */
const CONTROL_TARGET = 'jupyter.widget.control'

/** Known to the whole process: a reloaded instance of this module must find the widgets of the former one. */
const KEY = Symbol.for('recurlab.widgets')

interface Registry {
  /** Of every model that the front end knows, its state in the form in which notebooks keep models. */
  readonly states: Map<string, () => Content>
  /** What keeps its pictures in the notebook up to date. */
  readonly shown: Set<{ updatePictures(): void }>
  /** Whether any model has changed since the pictures were last brought up to date. */
  changed: boolean
}

/** Everything about widgets that outlives this module. */
export function registry(): Registry {
  const holder = globalThis as { [KEY]?: Registry }
  holder[KEY] ??= { states: new Map(), shown: new Set(), changed: false }
  return holder[KEY]
}

/** Answers a page that was loaded again and asks for all widgets. */
export function answerStateRequests(host: NotebookHost): void {
  host.comms.onOpen(CONTROL_TARGET, (comm) =>
    comm.onMessage((data) => {
      if (data.method !== 'request_states') return
      const all = [...registry().states].map(([id, state]): [string, Content] => [id, state()])
      comm.send({ method: 'update_states', states: Object.fromEntries(all), buffer_paths: [] })
    }),
  )
}
