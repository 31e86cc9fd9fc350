/** What the compiler's process is told first. */
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

/** From the compiler's process: that it is there, or an answer. */
export type Reply =
  | { readonly ready: true }
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: string }

/** Cuts a stream of text into JSON values, one on each line. */
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
