// Plain JavaScript, because set-up needs it too.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

/**
 * Returns a short hash of everything that the compiler's process depends on: Node, the packages, the project's folder,
 * its own sources.
 *
 * @param {string} root
 */
export function fingerprint(root) {
  const hash = createHash('sha256').update(`${process.version} ${process.arch} ${root}`)
  const own = path.join(root, 'lib', 'kernel', 'compiler')
  const sources = readdirSync(own, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.m?ts$/.test(name))
    .sort()
    .map((name) => path.join(own, name))
  const packages = [
    'tsconfig.json',
    'package-lock.json',
    'node_modules/typescript/package.json',
    'lib/typescript/cache.mjs',
    'lib/options/nearest.ts',
  ]
  for (const file of [...packages.map((name) => path.join(root, name)), ...sources])
    hash.update(`\0${file}\0`).update(content(file))
  return hash.digest('hex').slice(0, 16)
}

/**
 * Returns the path of the snapshot that the process starts from, if it exists.
 *
 * @param {string} root
 * @param {string} fingerprint
 */
export function snapshotFile(root, fingerprint) {
  return path.join(root, '.recurlab', 'compiler', `${fingerprint}.blob`)
}

/** @param {string} file */
function content(file) {
  try {
    return readFileSync(file)
  } catch {
    return ''
  }
}
