import type { NpmLock } from './npm.js'
import type { PythonList } from './python.js'

/** npm packages that only tfjs-node's own installer uses, which never runs here; `tests/audit.slow.test.ts` checks each. */
export const NEVER_LOADED: readonly string[] = [
  'adm-zip',
  'agent-base',
  'chownr',
  'fs-minipass',
  'https-proxy-agent',
  'minipass',
  'minizlib',
  'mkdirp',
  'rimraf',
  'tar',
  'yallist',
]

/** Says whether Recurlab reaches an npm package, and which of its own dependencies brings it. */
export function reachOfNpm(name: string, nodes: readonly string[], lock: NpmLock): string {
  const through = nodes.map((node) => bringerOf(node, lock)).find((found) => found !== null) ?? null
  const from = through === null || through === name ? '' : `, with ${through}`
  if (nodes.every((node) => lock[node]?.dev === true)) return `in tests and checks only${from}`
  if (NEVER_LOADED.includes(name)) return `installed, never loaded${from}`
  // Its file has all that it needs inside it; the folders beside it are its sources.
  return through === 'plotly.js' ? 'in the pages of figures, inside plotly.js' : `yes${from}`
}

/** Says how Python packages of a list are used. */
export function reachOfPython(list: PythonList): string {
  if (list === 'requirements.txt') return 'by JupyterLab, nbconvert and figures, in .venv'
  return list === 'native-cpu.txt' ? 'its C library only' : 'its C libraries only, with a GPU'
}

/** Returns the dependency of this project that brings a package's folder; null when none does. */
function bringerOf(target: string, lock: NpmLock): string | null {
  const root = lock[''] as
    | { dependencies?: Record<string, string>; devDependencies?: Record<string, string> }
    | undefined
  const seen = new Set<string>()
  let level = Object.keys({ ...root?.dependencies, ...root?.devDependencies }).map((name) => ({
    node: `node_modules/${name}`,
    name,
  }))
  while (level.length > 0) {
    const next: typeof level = []
    for (const { node, name } of level) {
      if (seen.has(node)) continue
      seen.add(node)
      if (node === target) return name
      for (const dependency of Object.keys(lock[node]?.dependencies ?? {})) {
        const found = placeOf(node, dependency, lock)
        if (found !== null) next.push({ node: found, name })
      }
    }
    level = next
  }
  return null
}

/** Returns the folder that Node finds a dependency of a package in. */
function placeOf(node: string, dependency: string, lock: NpmLock): string | null {
  for (let at = node; at !== ''; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')))) {
    const place = `${at}/node_modules/${dependency}`
    if (lock[place]) return place
  }
  return lock[`node_modules/${dependency}`] ? `node_modules/${dependency}` : null
}
