import { UserError, type UserErrorParts } from '../errors.js'

/** A fault of stored data, in the parts of a message. */
export interface Fault extends UserErrorParts {
  /** File at fault, with the place in it. */
  readonly where: string
}

/** The inspection of something stored: every fault is collected, and none ends it. */
export class Inspection {
  readonly faults: Fault[] = []
  /** Things that the inspection could not judge, and other remarks, one sentence each. */
  readonly notes: string[] = []
  /** Bytes read. */
  bytes = 0
  readonly #place: string
  readonly #onBytes: (bytes: number) => void

  /**
   * @param place folder or file that is inspected, for errors that name none
   * @param onBytes called with the number of bytes of every read
   */
  constructor(place: string, onBytes: (bytes: number) => void = () => {}) {
    this.#place = place
    this.#onBytes = onBytes
  }

  /** Counts bytes that were read. */
  readonly read = (bytes: number): void => {
    this.bytes += bytes
    this.#onBytes(bytes)
  }

  /** Returns the result of work; a UserError is a fault, after which there is none. */
  attempt<T>(work: () => T): T | undefined {
    try {
      return work()
    } catch (error) {
      this.#add(error)
      return undefined
    }
  }

  /** As {@link Inspection.attempt}, for work that takes its time. */
  async attemptAsync<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work()
    } catch (error) {
      this.#add(error)
      return undefined
    }
  }

  add(fault: Fault): void {
    this.faults.push(fault)
  }

  note(text: string): void {
    this.notes.push(text)
  }

  #add(error: unknown): void {
    if (!(error instanceof UserError)) throw error
    this.faults.push({ where: this.#place, ...error.parts })
  }
}

/** Returns a fault as one line: `FILE: expected …, found …. What to do.` */
export function faultText({ where, expected, found, todo }: Fault): string {
  const said = expected === '' ? found : `expected ${expected}, found ${found}.`
  return `${where}: ${said}${todo === undefined ? '' : ` ${todo}`}`.replaceAll(/\s*\n\s*/g, ' ')
}
