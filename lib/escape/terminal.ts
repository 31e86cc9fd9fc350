import { visible } from './visible.js'

/** Colours and type styles, the only sequences of a notebook's output that a terminal is given. */
const STYLES = new RegExp(`(${String.fromCharCode(27)}\\[[0-9;:]*m)`)

let isOwn = false

/**
 * Returns what a terminal is given for a text: control sequences are visible instead of obeyed, so that no name, message or log
 * moves the cursor, sets a title or a clipboard, or overwrites another line. Ends of lines and tabs stay.
 */
export function forTerminal(text: string): string {
  return isOwn ? text : visible(text.replaceAll('\r\n', '\n'), '\n\t')
}

/** Writes a text whose control sequences are the program's own, with everything of a user's in it made visible before. */
export function writeOwn(stream: NodeJS.WritableStream, text: string): void {
  isOwn = true
  try {
    stream.write(text)
  } finally {
    isOwn = false
  }
}

/** Writes data for another program: exactly, unless a terminal shows it. */
export function writeData(stream: NodeJS.WriteStream, text: string): void {
  if (stream.isTTY) stream.write(text)
  else writeOwn(stream, text)
}

/** Returns the output of a program as a terminal may show it: colours and overwritten lines stay, other sequences are visible. */
export function programOutput(text: string): string {
  return text
    .split(STYLES)
    .map((part, i) => (i % 2 === 1 ? part : visible(part, '\n\t\r')))
    .join('')
}
