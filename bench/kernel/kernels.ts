import { existsSync } from 'node:fs'
import path from 'node:path'
import type { KernelProgram } from './client.js'

/** Names of the notebook kernels that can be measured. */
export const KERNELS = ['recurlab', 'tslab', 'deno'] as const

/** One of {@link KERNELS}. */
export type KernelName = (typeof KERNELS)[number]

/**
 * Returns the command that starts a notebook kernel in the notebooks' folder.
 *
 * @param deno path of the program `deno`; default: the first on the PATH
 * @returns null if it is not installed
 */
export function kernelProgram(name: KernelName, root: string, deno?: string): KernelProgram | null {
  const cwd = path.join(root, 'notebooks')
  if (name === 'recurlab') {
    const entry = path.join(root, 'lib', 'kernel', 'recurlab-kernel.mjs')
    return { cwd, argv: (file) => [process.execPath, entry, file], lib: '../lib' }
  }
  if (name === 'tslab') {
    const entry = path.join(root, 'node_modules', 'tslab', 'bin', 'tslab')
    return { cwd, argv: (file) => [process.execPath, entry, 'kernel', '--config-path', file] }
  }
  const program = deno ?? onPath('deno')
  return program === null ? null : { cwd, argv: (file) => [program, 'jupyter', '--kernel', '--conn', file] }
}

function onPath(program: string): string | null {
  const folders = (process.env.PATH ?? '').split(path.delimiter)
  return folders.map((folder) => path.join(folder, program)).find((file) => existsSync(file)) ?? null
}
