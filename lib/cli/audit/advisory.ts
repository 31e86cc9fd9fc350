/** A known vulnerability of a locked package. */
export interface Advisory {
  readonly registry: 'npm' | 'Python'
  readonly package: string
  readonly version: string
  /** As the registry words it; null where it says none, as the Python index. */
  readonly severity: string | null
  /** Identifier, e.g. `GHSA-…`, `CVE-…` or `PYSEC-…`. */
  readonly advisory: string
  readonly summary: string
  /** Address of the advisory; empty where the registry gives none. */
  readonly link: string
  /** Releases without it; null where there is none yet, or the registry does not say. */
  readonly fixedIn: string | null
  /** Whether Recurlab reaches the package, and how it is installed. */
  readonly reached: string
}

/** The answer of one registry. */
export interface Answer {
  readonly registry: Advisory['registry']
  /** Number of locked packages. */
  readonly packages: number
  readonly advisories: readonly Advisory[]
  /** Why it could not be asked about all of them; null when it was. */
  readonly problem: string | null
}
