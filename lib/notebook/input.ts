import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { UserError } from '../errors.js'
import { currentHost } from './host.js'

/** Options of {@link input}. */
export interface InputOptions {
  /** Whether what is typed is not to be read on the screen. Default: false. */
  readonly password?: boolean
}

/**
 * Asks the user for a line of text, in a notebook or a terminal.
 *
 * @param prompt what to ask, e.g. `Name of the run: `
 * @throws UserError where nobody can be asked.
 */
export async function input(prompt = '', options: InputOptions = {}): Promise<string> {
  const host = currentHost()
  if (host) return host.input(prompt, options)
  const { stdin, stdout } = process
  if (!stdin.isTTY)
    throw new UserError({
      where: 'input',
      expected: 'somebody to answer, in a notebook or a terminal',
      found: 'neither',
      todo: 'Give the value as a parameter.',
    })
  let silent = false
  const screen = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      if (!silent) stdout.write(chunk)
      done()
    },
  })
  const lines = createInterface({ input: stdin, output: screen, terminal: true })
  try {
    const answer = lines.question(prompt)
    // The prompt is written; what follows on the screen are the keys.
    silent = options.password === true
    return await answer
  } finally {
    lines.close()
    if (silent) stdout.write('\n')
  }
}
