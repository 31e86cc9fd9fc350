import type { Stats } from 'node:fs'
import path from 'node:path'
import { z } from 'zod'
import { UserError } from '../errors.js'
import { readBytes } from '../files/atomic.js'
import { parseJson } from '../files/json.js'
import { fileOperations as fs } from '../files/operations.js'
import { type Owner, ownerSchema } from '../files/owner.js'
import { openSealedJson, sealJson } from '../files/sealed-json.js'
import { systemCode } from '../files/system-errors.js'

/** A lease in the folder of a run. */
export interface Held {
  readonly name: string
  readonly number: number
  /** null when the file cannot be read, e.g. while it is being written, or is of another version. */
  readonly owner: Owner | null
  /** The format version of a file of another version, as text; else null. */
  readonly otherVersion: string | null
  /** Device and inode, which stay when the folder is renamed. */
  readonly inode: string
  /** Time of the owner's last heartbeat, by the file system's clock, in milliseconds. */
  readonly beat: number
}

/** Version of the lease file. A lease of another version is held by another version of Recurlab. */
export const LEASE_VERSION = 2

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

/** Returns the lease of the highest number; null without one, or without the folder. @throws FileError when it cannot be read */
export function lastLease(dir: string): Held | null {
  try {
    const [name] = leases(dir).sort((a, b) => numberOf(b) - numberOf(a))
    return name === undefined ? null : readLease(dir, name)
  } catch (error) {
    if (GONE.has(systemCode(error))) return null
    throw error
  }
}

/** Error codes of a folder or file that is gone. */
const GONE = new Set(['ENOENT', 'ENOTDIR'])

/** Reads a lease; null when it is gone. @throws FileError when it cannot be read */
export function readLease(dir: string, name: string): Held | null {
  const file = path.join(dir, name)
  try {
    // A network file system looks at the server when the file is opened, so that its time is then of now.
    const parsed = parseLease(readBytes(file).toString('utf8'))
    const stat = fs.statSync(file)
    return { name, number: numberOf(name), ...parsed, inode: inodeOf(stat), beat: stat.mtimeMs }
  } catch (error) {
    if (GONE.has(systemCode(error))) return null
    throw error
  }
}

/** Returns the device and inode of a file as text. */
export function inodeOf({ dev, ino }: Pick<Stats, 'dev' | 'ino'>): string {
  return `${dev}:${ino}`
}

/** Returns the content of a lease file. */
export function leaseText(owner: Owner): string {
  return `${JSON.stringify(sealJson({ formatVersion: LEASE_VERSION, ...owner }))}\n`
}

function parseLease(text: string): Pick<Held, 'owner' | 'otherVersion'> {
  try {
    const json = parseJson(text, 'a lease')
    if (json.formatVersion !== LEASE_VERSION)
      return { owner: null, otherVersion: JSON.stringify(json.formatVersion) ?? 'none' }
    // A damaged process number would make the owner seem dead.
    const { formatVersion: _, ...owner } = leaseSchema.parse(openSealedJson(json, 'a lease', ''))
    return { owner, otherVersion: null }
  } catch (error) {
    if (error instanceof UserError || error instanceof z.ZodError) return { owner: null, otherVersion: null }
    throw error
  }
}
