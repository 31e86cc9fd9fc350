/** The first message to the compiler's process. */
export interface Begin {
  readonly root: string
  readonly cwd: string
  readonly salt: string
}

/** A numbered question; the answer carries its number. */
export interface Request {
  readonly id: number
  readonly call: 'cell' | 'modules' | 'complete' | 'inspect' | 'isComplete'
  readonly params: unknown
}

/** A message from the compiler's process: that it is ready, or an answer. */
export type Reply =
  | { readonly ready: true }
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: string }

/** Returns a reader of a stream of text with one JSON value per line. */
export function eachLine(take: (value: unknown) => void): (chunk: string) => void {
  let rest: string[] = []
  return (chunk) => {
    const lines = chunk.split('\n')
    const last = lines.pop() ?? ''
    for (const line of lines) {
      const whole = rest.join('') + line
      rest = []
      take(JSON.parse(whole))
    }
    rest.push(last)
  }
}
