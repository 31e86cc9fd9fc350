import { programOutput, writeOwn } from '../escape/terminal.js'
import { visible } from '../escape/visible.js'
import type { ExecuteEvent } from './execute.js'
import { firstLine } from './failure.js'
import type { Notebook } from './notebook.js'
import { asOneLine } from './progress-forms.js'
import { streamSink } from './status-line.js'

/** Prints events while a notebook runs. */
export interface TerminalProgress {
  /** Prints a first line at once: a notebook kernel takes a second to start, or many on a busy machine. */
  begin(): void
  event(event: ExecuteEvent): void
  /** Ends an unfinished line. */
  end(): void
}

/**
 * Returns a printer of a heading for every cell, followed by its output as it arrives, overwritten progress lines included.
 */
export function terminalProgress(notebook: Notebook, stream: NodeJS.WriteStream): TerminalProgress {
  const sink = streamSink(stream)
  let lineOpen = false
  let status = ''
  const print = (text: string): void => {
    if (text === '') return
    writeOwn(stream, text)
    lineOpen = !text.endsWith('\n')
  }
  const freshLine = (): void => print(lineOpen ? '\n' : '')
  return {
    begin: () => print('Starting the notebook kernel …\n'),
    end: freshLine,
    event: (event) => {
      if (event.event === 'status') {
        freshLine()
        status = asOneLine(event.text)
        sink.status(status)
        return
      }
      if (status !== '') {
        // The last progress line stays.
        sink.line(status)
        status = ''
      }
      if (event.event === 'cell') {
        freshLine()
        print(`── cell ${event.number} of ${event.total}: ${visible(firstLine(notebook.cells[event.cell]!))}\n`)
      } else if (event.event === 'stream') print(programOutput(event.text))
      else if (event.event === 'shown') {
        freshLine()
        print(`${programOutput(event.text)}\n`)
      }
    },
  }
}
