import path from 'node:path'
import { Cells } from '../../lib/kernel/compiler/cells.js'
import { languageServices } from '../../lib/kernel/compiler/language/index.js'

/** The project's folder, and that of its notebooks. */
export const root = path.resolve(import.meta.dirname, '../..')
export const notebooks = path.join(root, 'notebooks')

/** One thing that completion offers. */
export interface Offered {
  readonly text: string
  readonly type: string
  readonly signature?: string
  readonly documentation?: string
}

/** What completion offers at the cursor. */
export interface Completed {
  readonly matches: readonly string[]
  /** What would be replaced, in code points. */
  readonly range: readonly [number, number]
  readonly details: readonly Offered[]
}

/** Helps write the next cell; in its texts `▮` is the cursor, at the end where there is none. */
export class Writer {
  readonly #services: ReturnType<typeof languageServices>

  constructor(cells: readonly string[] = [], folder = notebooks) {
    const session = new Cells(root, folder)
    for (const code of cells) session.enter(code, () => ({ holds: true, value: undefined }))
    this.#services = languageServices(session)
  }

  complete(text: string): Completed {
    const reply = this.#services.complete(place(text))
    const { _jupyter_types_experimental: details } = reply.metadata as { _jupyter_types_experimental: Offered[] }
    return {
      matches: reply.matches as string[],
      range: [reply.cursor_start as number, reply.cursor_end as number],
      details,
    }
  }

  /** What inspection says, as text and as Markdown; null where there is nothing. */
  inspect(text: string, detail = 0): { readonly text: string; readonly markdown: string } | null {
    const { found, data } = this.#services.inspect({ ...place(text), detail })
    if (!found) return null
    const shown = data as Record<string, string>
    return { text: shown['text/plain']!, markdown: shown['text/markdown']! }
  }

  isComplete(code: string): unknown {
    return this.#services.isComplete({ code })
  }

  /** As the compiler's process calls it, with any cursor. */
  ask(code: string, cursor: number): { readonly complete: Record<string, unknown>; readonly inspect: unknown } {
    return {
      complete: this.#services.complete({ code, cursor }),
      inspect: this.#services.inspect({ code, cursor, detail: 1 }),
    }
  }
}

function place(text: string): { readonly code: string; readonly cursor: number } {
  const cursor = text.indexOf('▮')
  return cursor < 0 ? { code: text, cursor: text.length } : { code: text.replace('▮', ''), cursor }
}
