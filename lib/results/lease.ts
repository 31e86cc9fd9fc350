import { randomBytes } from 'node:crypto'
import path from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { UserError } from '../errors.js'
import { writeAll } from '../files/atomic.js'
import { removeQuietly, removeTemporary } from '../files/leftovers.js'
import { fileOperations as fs } from '../files/operations.js'
import { isRunning, isThisProcess, isVisible, thisProcess } from '../files/owner.js'
import { FileError, refused, systemCode, WITHOUT_LINKS } from '../files/system-errors.js'
import { beat, beatMs, leaseSeconds } from './heartbeat.js'
import { type Held, inodeOf, LEASE_VERSION, lastLease, leases, leaseText, numberOf, readLease } from './lease-file.js'

/**
 * The exclusive right of a process to write a run, stored as a small file in the run's folder, `lease-000001.json`.
 *
 * The file is hard-linked into place under the next number, which succeeds for one of several concurrent processes. The
 * lease of a dead process is superseded by the next number, never removed or renamed, so that two processes that find
 * the same dead lease cannot both take it. After linking its file, a process looks again, and steps back when it finds
 * a lease that it had not seen before. The protocol uses only link, rename and the server's time stamps: they are
 * reliable on network file systems, locks are not.
 *
 * A process on the same machine is found by its process ID. A remote process is invisible: it rewrites its file (a
 * heartbeat) every hundredth of `leaseSeconds()`, and counts as dead after that time without one. Since a clock may have
 * jumped in between, its run is taken only when no heartbeat comes while it is waited for. A process that was only suspended
 * discovers at its next write that the run was taken over, and stops.
 */
export interface Lease {
  /**
   * Checks that this process still owns the run. @throws UserError when another has taken it over, or its folder is
   * gone.
   */
  check(): void
  /** Releases the run. Never throws. */
  release(): void
}

/** A run that this process cannot write, because another one does. */
export class RunInUse extends UserError {}

const TRIES = 50
const TAKEN_OVER = 'one that another process has taken over in the meantime'

/** Returns whether a process is working on the run in a folder. */
export function isAtWork(dir: string): boolean {
  const held = lastLease(dir)
  return held !== null && !isGone(held, Date.now())
}

/** Returns whether nothing works in a folder that is not a run yet, or no longer: its process has ended, or it is old. */
export function isAbandoned(dir: string): boolean {
  const held = lastLease(dir)
  return held ? isGone(held, Date.now()) : Date.now() - fs.statSync(dir).mtimeMs > leaseSeconds() * 1000
}

/**
 * Acquires the lease of a run.
 *
 * @param dir current path of the run's folder
 * @param options.home its later path, when it is going to be renamed
 * @param options.force takes the run from a process on another machine before its lease expires
 * @throws UserError when another process is working on the run, or the folder is not writable.
 */
export function takeLease(dir: string, options: { readonly home?: string; readonly force?: boolean } = {}): Lease {
  const { home = dir, force = false } = options
  const judge = (held: Held, now: number): void => {
    if (held.owner && isThisProcess(held.owner)) return
    const visible = held.owner !== null && isVisible(held.owner)
    if (!isGone(held, now) && (visible || !force)) throw atWork(home, held, visible)
    if (!visible && !force && hasHeartbeat(dir, held)) throw atWork(home, held, visible)
  }
  const candidate = path.join(dir, `.lease-${randomBytes(4).toString('hex')}.${process.pid}.tmp`)
  const text = leaseText(thisProcess())
  let linked: Linked | null = null
  try {
    linked = linkNext(dir, candidate, text, judge)
    return holdLease(home, openLease(dir, linked.name), text)
  } catch (error) {
    if (linked) giveUp(path.join(dir, linked.name), linked.inode)
    if (error instanceof UserError && !(error instanceof FileError)) throw error
    if (!fs.existsSync(dir)) throw folderGone(home)
    throw refused(home, 'a folder that can be written to', 'write', error)
  } finally {
    removeTemporary(candidate)
  }
}

/** A lease with its name. */
interface Linked {
  readonly name: string
  readonly inode: string
}

/** Links the candidate under a number above all others. @param judge throws when a lease must not be superseded */
function linkNext(dir: string, candidate: string, text: string, judge: (held: Held, now: number) => void): Linked {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const { now, inode } = writeCandidate(candidate, text)
    const before = new Map(leases(dir).map((name) => [name, readLease(dir, name)]))
    for (const held of before.values()) if (held) judge(held, now)
    const number = Math.max(0, ...[...before.keys()].map(numberOf)) + 1
    const name = `lease-${String(number).padStart(6, '0')}.json`
    const file = path.join(dir, name)
    if (!hasLinked(candidate, file, text)) continue
    // A lease that appeared in between may not have been judged: both processes step back, and one retries first. It
    // may have an old name, when all earlier leases were taken and released since.
    const isOld = (other: string): boolean => isSame(before.get(other), readLease(dir, other))
    let isAlone = false
    try {
      isAlone = leases(dir).every((other) => other === name || isOld(other))
    } finally {
      // A lease that is left behind would keep others away for as long as this process lives.
      if (!isAlone) giveUp(file, inode)
    }
    if (isAlone) {
      for (const old of before.keys()) removeQuietly(path.join(dir, old))
      return { name, inode }
    }
    sleep(1 + Math.random() * 20)
  }
  throw new RunInUse({
    where: dir,
    expected: 'a run that no other process is writing',
    found: `contention between other processes (${TRIES} tries)`,
  })
}

/** Returns whether a lease is unchanged, or gone. */
function isSame(before: Held | null | undefined, now: Held | null): boolean {
  if (now === null) return true
  if (!before || before.owner === null || now.owner === null)
    return before?.owner === now.owner && before?.beat === now.beat
  return isDeepStrictEqual(before.owner, now.owner)
}

/**
 * Writes the candidate and returns its inode, and the time in milliseconds by the file system's clock, which also dates the
 * leases.
 */
function writeCandidate(file: string, text: string): { readonly now: number; readonly inode: string } {
  const fd = fs.openSync(file, 'w')
  try {
    writeAll(fd, Buffer.from(text))
    fs.fsyncSync(fd)
    const stat = fs.fstatSync(fd)
    return { now: stat.mtimeMs, inode: inodeOf(stat) }
  } finally {
    fs.closeSync(fd)
  }
}

/** Returns false when the name is taken, or the owner of another lease has removed the candidate. */
function hasLinked(candidate: string, file: string, text: string): boolean {
  try {
    fs.linkSync(candidate, file)
    return true
  } catch (error) {
    const code = systemCode(error)
    if (code === 'EEXIST' || (code === 'ENOENT' && !fs.existsSync(candidate))) return false
    if (WITHOUT_LINKS.has(code)) return createdAlone(file, text)
    throw error
  }
}

/** Creates the file without a link: a process that reads it while empty waits until it is old. */
function createdAlone(file: string, text: string): boolean {
  let fd: number
  try {
    fd = fs.openSync(file, 'wx')
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false
    throw error
  }
  try {
    try {
      writeAll(fd, Buffer.from(text))
      fs.fsyncSync(fd)
    } finally {
      fs.closeSync(fd)
    }
  } catch (error) {
    removeQuietly(file)
    throw error
  }
  return true
}

/** The file of a lease, open for writing. */
interface OpenLease {
  readonly name: string
  readonly fd: number
  readonly inode: string
}

function openLease(dir: string, name: string): OpenLease {
  const fd = fs.openSync(path.join(dir, name), 'r+')
  try {
    const inode = inodeOf(fs.fstatSync(fd))
    // A system gives the number of a file that is gone to another one.
    abandoned.delete(inode)
    return { name, fd, inode }
  } catch (error) {
    quietly(() => fs.closeSync(fd))
    throw error
  }
}

/** Starts the heartbeat of an acquired lease. */
function holdLease(dir: string, open: OpenLease, text: string): Lease {
  const { name, fd } = open
  const file = path.join(dir, name)
  const stopBeating = beat(fd, text)
  let released = false
  let removed = false
  const takenOver = (found: string): UserError =>
    new UserError({
      where: dir,
      expected: "a run of this process's",
      found,
      todo: 'Unsaved work of this process is lost; the run continues there.',
    })
  return {
    check() {
      // After release, this process may still record the reason, unless another one owns the run by now.
      if (released) {
        const now = lastLease(dir)
        if (now && (removed || now.name !== name)) throw takenOver(TAKEN_OVER)
        return
      }
      const held = readLease(dir, name)
      if (held?.owner && isThisProcess(held.owner)) return
      if (!fs.existsSync(dir)) throw folderGone(dir)
      throw takenOver(lastLease(dir) ? TAKEN_OVER : `one without ${name}`)
    },
    release() {
      if (released) return
      released = true
      const held = quietly(() => readLease(dir, name))
      if (held?.owner && isThisProcess(held.owner)) giveUp(file, open.inode, fd)
      else abandoned.add(open.inode)
      removed = quietly(() => !fs.existsSync(file)) ?? false
      stopBeating(() => void quietly(() => fs.closeSync(fd)))
    },
  }
}

/** Leases that this process has released and could not remove. */
const abandoned = new Set<string>()

/** Removes a lease; one that cannot be removed is that of nobody for this process, and for others once it is silent for long. */
function giveUp(file: string, inode: string, fd?: number): void {
  removeQuietly(file)
  if (quietly(() => fs.existsSync(file)) === false) return
  abandoned.add(inode)
  if (fd !== undefined) quietly(() => fs.ftruncateSync(fd))
}

/** Returns the error for a run's folder that disappeared during writing. */
export function folderGone(dir: string): UserError {
  return new UserError({
    where: dir,
    expected: 'the folder of the run that is being written',
    found: 'none: it was removed or moved in the meantime',
    todo: 'If it was moved, recurlab resume DIR continues from its last checkpoint.',
  })
}

/** Returns whether a lease gets a heartbeat in the time of two. */
function hasHeartbeat(dir: string, { name, beat: last }: Held): boolean {
  sleep(2 * beatMs())
  const now = readLease(dir, name)
  return now !== null && now.beat !== last
}

/** A heartbeat that lies in the future by as much was dated by a clock that has gone back since. */
function isGone({ owner, inode, beat: last }: Held, now: number): boolean {
  // The number of a file that is gone may be that of another process's lease by now.
  if (abandoned.has(inode) && (owner === null || isThisProcess(owner))) return true
  if (owner && isVisible(owner)) return !isRunning(owner)
  return Math.abs(now - last) > leaseSeconds() * 1000
}

function atWork(dir: string, { name, owner, otherVersion, beat: last }: Held, visible: boolean): RunInUse {
  const where = visible ? '' : ' on another machine'
  const seconds = Math.max(0, Math.round((Date.now() - last) / 1000))
  const since = visible ? '' : `, last heartbeat ${seconds} s ago`
  const gone = otherVersion === null ? 'that machine is gone' : 'nothing writes it any more'
  const wait = `Wait until it has been silent for ${leaseSeconds()} s, or, if ${gone}, continue with --force.`
  const holder =
    otherVersion === null
      ? `one that process ${owner?.pid ?? '(unknown)'} is writing${where}`
      : `one that another version of Recurlab is writing: ${name} has format version ${otherVersion}, not ${LEASE_VERSION}`
  return new RunInUse({
    where: dir,
    expected: 'a run that no other process is writing',
    found: `${holder}${since}`,
    todo: visible ? 'Wait for it, or stop it.' : wait,
  })
}

/** Blocks for a time: acquiring a lease is synchronous for its caller. */
function sleep(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds)
}

function quietly<T>(work: () => T): T | null {
  try {
    return work()
  } catch {
    return null
  }
}
