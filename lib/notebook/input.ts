import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { UserError } from '../errors.js'
import { currentHost } from './host.js'

/** Options of {@link input}. */
export interface InputOptions {
  /** Whether the typed text is hidden on the screen. Default: false. */
  readonly password?: boolean
}

/**
 * Asks the user for a line of text, in a notebook or a terminal.
 *
 * @param prompt the prompt, e.g. `Name of the run: `
 * @throws UserError if input is not possible.
 */
export async function input(prompt = '', options: InputOptions = {}): Promise<string> {
  const host = currentHost()
  if (host) return host.input(prompt, options)
  const { stdin, stdout } = process
  if (!stdin.isTTY)
    throw new UserError({
      where: 'input',
      expected: 'a user who can answer, in a notebook or a terminal',
      found: 'neither',
      todo: 'Pass the value as a parameter.',
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
    // The prompt is written; everything that follows on the screen is typed keys.
    silent = options.password === true
    return await answer
  } finally {
    lines.close()
    if (silent) stdout.write('\n')
  }
}
