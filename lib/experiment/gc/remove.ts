import path from 'node:path'
import { UserError } from '../../errors.js'
import { fileOperations as fs } from '../../files/operations.js'
import { type Lease, RunInUse, takeLease } from '../../results/lease.js'
import type { Garbage } from './garbage.js'

/** The garbage that was removed, and the reasons for the rest. */
export interface Removal {
  readonly removed: Garbage[]
  readonly kept: Kept[]
}

/** Garbage that was not removed. */
export interface Kept {
  readonly garbage: Garbage
  readonly why: string
  /** Whether it could not be removed, rather than having come to be used. */
  readonly isFailure: boolean
}

/**
 * Removes garbage. What a process could hold is removed under its lease, which also removes the leases of dead processes; what has
 * come to be used since the search is kept. Each is renamed before it is deleted: after a crash it is whole, or a temporary
 * file that the next search finds.
 */
export function removeGarbage(garbage: readonly Garbage[]): Removal {
  const removal: Removal = { removed: [], kept: [] }
  const groups = new Map<string | null, Garbage[]>()
  // The recording before what lies in it.
  for (const each of [...garbage].sort((a, b) => a.path.length - b.path.length))
    groups.set(each.heldBy, [...(groups.get(each.heldBy) ?? []), each])
  for (const [heldBy, group] of groups) removeGroup(heldBy, group, removal)
  return removal
}

function removeGroup(heldBy: string | null, group: readonly Garbage[], removal: Removal): void {
  const keep = (garbage: readonly Garbage[], why: string, isFailure: boolean): void => {
    removal.kept.push(...garbage.map((each) => ({ garbage: each, why, isFailure })))
  }
  let lease: Lease | null = null
  try {
    if (heldBy !== null && !fs.existsSync(heldBy)) {
      // It went with the folder around it.
      removal.removed.push(...group)
      return
    }
    if (heldBy !== null) lease = takeLease(heldBy)
    for (const each of group)
      try {
        if (!fs.existsSync(each.path)) removal.removed.push(each)
        else if (!each.isStill()) keep([each], 'it has come to be used', false)
        else {
          removeAside(each.path)
          removal.removed.push(each)
        }
      } catch (error) {
        if (!(error instanceof Error)) throw error
        keep([each], error.message, true)
      }
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    if (error instanceof RunInUse) keep(group, 'a process is at work on it', false)
    else keep(group, error.message, true)
  } finally {
    lease?.release()
  }
}

/** Renames a file or folder to a temporary name beside it, then deletes it. */
function removeAside(place: string): void {
  const aside = path.join(path.dirname(place), `.${path.basename(place).replace(/^\./, '')}.${process.pid}.tmp`)
  fs.rmSync(aside, { recursive: true, force: true })
  fs.renameSync(place, aside)
  fs.rmSync(aside, { recursive: true, force: true })
}
