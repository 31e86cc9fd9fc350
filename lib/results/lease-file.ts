import path from 'node:path'
import { z } from 'zod'
import { UserError } from '../errors.js'
import { systemReason } from '../files/atomic.js'
import { isJsonObject } from '../files/json.js'
import { fileOperations as fs } from '../files/operations.js'
import { type Owner, ownerSchema } from '../files/owner.js'

/** A lease in the folder of a run. */
export interface Held {
  readonly name: string
  readonly number: number
  /** null when the file cannot be read, e.g. while it is being written, or is of another version. */
  readonly owner: Owner | null
  /** The format version of a file of another version, as text; else null. */
  readonly otherVersion: string | null
  /** Time of the owner's last heartbeat, by the file system's clock, in milliseconds. */
  readonly beat: number
}

/** Version of the lease file. A lease of another version is held by another version of Recurlab. */
export const LEASE_VERSION = 1

/** Content of the lease file. */
const leaseSchema = ownerSchema.extend({ formatVersion: z.literal(LEASE_VERSION) })

const LEASE = /^lease-(\d{6,})\.json$/

/** Returns the names of the leases in the folder of a run. */
export function leases(dir: string): string[] {
  return fs.readdirSync(dir).filter((name) => LEASE.test(name))
}

/** Returns the number in the name of a lease. */
export function numberOf(name: string): number {
  return Number(LEASE.exec(name)?.[1])
}

/** Returns the lease of the highest number; null without one, or where it cannot be read. */
export function lastLease(dir: string): Held | null {
  try {
    const [name] = leases(dir).sort((a, b) => numberOf(b) - numberOf(a))
    return name === undefined ? null : readLease(dir, name)
  } catch {
    return null
  }
}

/** Reads a lease; null when it is gone. */
export function readLease(dir: string, name: string): Held | null {
  const file = path.join(dir, name)
  try {
    // A network file system looks at the server when the file is opened, so that its time is then of now.
    const text = fs.readFileSync(file, 'utf8')
    return { name, number: numberOf(name), ...parseLease(text), beat: fs.statSync(file).mtimeMs }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

/** Reads a lease; null when it is gone. @throws UserError when it cannot be read. */
export function readLeaseNow(dir: string, name: string): Held | null {
  try {
    return readLease(dir, name)
  } catch (error) {
    throw new UserError(
      { where: path.join(dir, name), expected: 'a readable file', found: systemReason(error) },
      { cause: error },
    )
  }
}

/** Returns the content of a lease file. */
export function leaseText(owner: Owner): string {
  return `${JSON.stringify({ formatVersion: LEASE_VERSION, ...owner })}\n`
}

function parseLease(text: string): Pick<Held, 'owner' | 'otherVersion'> {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    return { owner: null, otherVersion: null }
  }
  if (isJsonObject(json) && json.formatVersion !== LEASE_VERSION)
    return { owner: null, otherVersion: JSON.stringify(json.formatVersion) ?? 'none' }
  const lease = leaseSchema.safeParse(json)
  if (!lease.success) return { owner: null, otherVersion: null }
  const { formatVersion: _, ...owner } = lease.data
  return { owner, otherVersion: null }
}
