/**
 * Returns a short hash of what the compiler's process is made of: Node, the packages, the project's folder, its own sources.
 */
export function fingerprint(root: string): string
/** Returns the path of the snapshot that the process starts from, if it was made. */
export function snapshotFile(root: string, fingerprint: string): string
