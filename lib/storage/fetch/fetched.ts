/** A file that was fetched. */
export interface FetchedFile {
  readonly path: string
  readonly bytes: number
  /** In words: `SHA-256 0123…`. */
  readonly checksum: string
  /** `kept`: it was there already, and right. */
  readonly outcome: 'fetched' | 'kept'
}
