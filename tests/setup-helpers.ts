import { type SpawnSyncReturns, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'

/** The checkout that is tested. */
export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..')

/** Loads a module of `lib/setup`: plain JavaScript, so its type is told here. */
export async function setupModule<T>(name: string): Promise<T> {
  const module: T = await import(path.join(root, 'lib', 'setup', `${name}.mjs`))
  return module
}

/** An empty folder that goes when the test ends. */
export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'recurlab-test-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A copy of the checkout with the same packages, in which nothing else is set up. */
export function bareCheckout(t: TestContext): string {
  const folder = temporaryFolder(t)
  for (const name of [
    'package.json',
    'package-lock.json',
    '.npmrc',
    'lib/setup',
    'lib/backend',
    'lib/errors.ts',
    'lib/escape',
    'lib/files',
    'lib/kernel/compiler',
    'lib/typescript',
  ])
    cpSync(path.join(root, name), path.join(folder, name), { recursive: true })
  symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'))
  return folder
}

/** A `PATH` that has Node and nothing else. */
export function pathWithNodeOnly(folder: string): string {
  const bin = path.join(folder, 'bin')
  mkdirSync(bin, { recursive: true })
  symlinkSync(process.execPath, path.join(bin, 'node'))
  return bin
}

/** Runs Node in a folder and waits for its end. */
export function runNode(
  cwd: string,
  args: readonly string[],
  environment: Record<string, string> = {},
): SpawnSyncReturns<string> {
  const { NODE_TEST_CONTEXT: _, ...inherited } = process.env
  const env = { ...inherited, ...environment }
  return spawnSync(process.execPath, args, { cwd, env, encoding: 'utf8', timeout: 300_000 })
}
