/** A downloaded file. */
export interface FetchedFile {
  readonly path: string
  readonly bytes: number
  /** Checksum in words: `SHA-256 0123…`. */
  readonly checksum: string
  /** `kept` when a verified copy was already there. */
  readonly outcome: 'fetched' | 'kept'
}
