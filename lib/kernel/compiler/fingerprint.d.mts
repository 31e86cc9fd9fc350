/** What the compiler's process is made of, as one short name: Node, the packages, the project's folder, its own sources. */
export function fingerprint(root: string): string
/** The snapshot that the process starts from, if it was made. */
export function snapshotFile(root: string, fingerprint: string): string
