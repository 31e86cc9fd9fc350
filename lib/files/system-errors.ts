import { UserError } from '../errors.js'

/** Reasons for error codes whose system message is less specific. */
const REASONS: Readonly<Record<string, string>> = {
  EISDIR: 'a folder',
  ENOTDIR: 'a file in place of a folder',
  EEXIST: 'something else in its place',
}

const FULL = 'Free some space, or choose another folder with out=DIR.'
const LIMIT = 'Too many files are open: raise the limit with ulimit -n, or end other programs.'
const FAULTY = 'The disk or the network behind it reports a fault: check it, then try again.'
const FORBIDDEN = 'Check the permissions of the path and of its folders.'

/** Remedies by error code, whatever was being done. */
const REMEDIES: Readonly<Record<string, string>> = {
  ENOSPC: FULL,
  EDQUOT: FULL,
  EMFILE: LIMIT,
  ENFILE: LIMIT,
  EIO: FAULTY,
  ESTALE: FAULTY,
  EREMOTEIO: FAULTY,
  ETIMEDOUT: FAULTY,
}

/** Remedies for reading. */
const TO_READ: Readonly<Record<string, string>> = { ...REMEDIES, EACCES: FORBIDDEN, EPERM: FORBIDDEN }

/** The access that was tried with a path. */
export type Access = 'read' | 'write'

/** A file operation that the system refused. `code` is that of the system's error, its `cause`. */
export class FileError extends UserError {
  readonly code: string

  /**
   * @param where the path
   * @param expected what the path should have been, e.g. `a readable file`
   */
  constructor(where: string, expected: string, access: Access, error: NodeJS.ErrnoException) {
    super({ where, expected, found: systemReason(error), ...remedy(error, access) }, { cause: error })
    this.code = error.code ?? ''
  }
}

/** Returns whether an error is the system's own, with a code such as `ENOSPC`. */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && /^E[A-Z0-9]+$/.test((error as NodeJS.ErrnoException).code ?? '')
}

/** Error codes of file systems without hard links. */
export const WITHOUT_LINKS: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'])

/** Returns the code of a system error or of a {@link FileError}; the empty text for any other error. */
export function systemCode(error: unknown): string {
  return isSystemError(error) ? (error.code ?? '') : ''
}

/** Returns whether the system refused something, of which nothing is known then: a file that cannot be read is not a damaged one. */
export function isRefused(error: unknown): boolean {
  const code = systemCode(error) || (error instanceof UserError ? systemCode(error.cause) : '')
  return code !== '' && !ELSEWHERE.has(code)
}

/** Error codes of paths at which there is something else, or nothing. */
const ELSEWHERE = new Set(['ENOENT', 'ENOTDIR', 'EISDIR'])

/** Returns the reason of a system error in words: `no such file or directory (ENOENT)`. */
export function systemReason(error: unknown): string {
  if (error instanceof FileError) return systemReason(error.cause)
  if (!(error instanceof Error)) return String(error)
  const code = (error as NodeJS.ErrnoException).code
  // Only system messages carry the call and its path after the first comma.
  if (!code || code.startsWith('ERR_')) return error.message
  if (Object.hasOwn(REASONS, code)) return `${REASONS[code]} (${code})`
  const text = error.message.replace(/^[A-Z0-9]+: /, '').split(', ')[0] ?? error.message
  return `${text} (${code})`
}

/** Returns the remedy for a system error, as a part of a {@link UserError}; nothing when there is none to name. */
export function remedy(error: unknown, access: Access): { readonly todo?: string } {
  const code = systemCode(error)
  if (access === 'read') return Object.hasOwn(TO_READ, code) ? { todo: TO_READ[code]! } : {}
  const general = 'Check permissions and free space, or choose another folder with out=DIR.'
  return { todo: Object.hasOwn(REMEDIES, code) ? REMEDIES[code]! : general }
}

/**
 * Returns the error for a path that the system refuses, with its reason and the remedy.
 *
 * @param expected what the path should have been, e.g. `a readable file`
 */
export function refused(where: string, expected: string, access: Access, error: unknown): UserError {
  return new UserError({ where, expected, found: systemReason(error), ...remedy(error, access) }, { cause: error })
}

/** Returns the error for a file that the system does not let us write. */
export function notWritable(file: string, error: unknown): UserError {
  return refused(file, 'a writable path', 'write', error)
}

/** Returns the error for a file that the system does not let us read. */
export function unreadable(file: string, error: unknown): UserError {
  return refused(file, 'a readable file', 'read', error)
}
