import { createInterface } from 'node:readline/promises'

/** Asks a question in the terminal and returns the answer; Ctrl-C answers no. */
export async function askInTerminal(question: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  terminal.on('SIGINT', () => terminal.write('n\n'))
  try {
    return await terminal.question(question)
  } finally {
    terminal.close()
  }
}
