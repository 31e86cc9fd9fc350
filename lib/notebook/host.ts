/** One output in several forms, by MIME type: the front end shows the richest that it knows. */
export type MimeBundle = Readonly<Record<string, unknown>>

/** Where shown values go: the kernel sets one, and without it they are printed as text. */
export interface DisplayHost {
  /** Whether somebody may be watching; false in a headless run, where only what stays counts. */
  readonly live: boolean
  /** Shows a new output under the running cell. */
  display(bundle: MimeBundle, id: string): void
  /** Replaces every output that was shown with this id. */
  update(bundle: MimeBundle, id: string): void
  /** Removes the running cell's outputs; with `wait`, not before the next one comes. */
  clear(wait: boolean): void
}

let host: DisplayHost | null = null

/** Tells `show` where to show; null for a plain terminal. */
export function setHost(next: DisplayHost | null): void {
  host = next
}

/** Where to show, or null in a plain terminal. */
export function currentHost(): DisplayHost | null {
  return host
}
