import childProcess, { ChildProcess } from 'node:child_process'
import { syncBuiltinESMExports } from 'node:module'
import { context, currentCell, type Owner } from './context.js'
import { endProcesses } from './process-tree.js'
import type { SharedState } from './shared-state.js'

/** The child processes, by the owner whose code started them. */
const children = new WeakMap<Owner, Set<ChildProcess>>()

type Spawn = (this: ChildProcess, options: { readonly detached?: boolean }) => unknown

/**
 * Makes a stop reach the child processes of its cell: those that a synchronous call waits for, through the interrupting
 * thread, and those that run beside the cell, through {@link endChildren}. Children with the option `detached` outlive
 * their cell.
 */
export function watchChildren(
  shared: Pick<SharedState, 'waitsForChild'>,
  prototype: { spawn?: Spawn } = ChildProcess.prototype as ChildProcess & { spawn?: Spawn },
): void {
  const waiting =
    <Args extends unknown[], Result>(call: (...args: Args) => Result) =>
    (...args: Args): Result => {
      shared.waitsForChild = (currentCell()?.stoppable ?? 0) > 0 ? 2 : 1
      try {
        return call(...args)
      } finally {
        shared.waitsForChild = 0
      }
    }
  const { spawnSync, execSync, execFileSync } = childProcess
  Object.assign(childProcess, {
    spawnSync: waiting(spawnSync),
    execSync: waiting(execSync),
    execFileSync: waiting(execFileSync),
  })
  // `spawn`, `exec`, `execFile` and `fork` all call this method, which is not documented by Node.
  const { spawn } = prototype
  if (spawn)
    prototype.spawn = function (options) {
      const owner = context.getStore()
      if (owner && options.detached !== true) children.set(owner, (children.get(owner) ?? new Set()).add(this))
      return spawn.call(this, options)
    }
  syncBuiltinESMExports()
}

/** Ends the child processes that a stopped cell has started. */
export function endChildren(owner: Owner): void {
  const living = [...(children.get(owner) ?? [])].filter((one) => one.exitCode === null && one.signalCode === null)
  endProcesses(
    living.flatMap(({ pid }) => pid ?? []),
    false,
  )
  children.delete(owner)
}
