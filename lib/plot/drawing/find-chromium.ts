import path from 'node:path'
import { fileOperations as fs } from '../../files/operations.js'

/** Commands of browsers that draw figures, the leanest first. */
const NAMES = [
  'chrome-headless-shell',
  'chromium',
  'chromium-browser',
  'google-chrome',
  'google-chrome-stable',
  'microsoft-edge',
  'microsoft-edge-stable',
] as const

/** Browsers of macOS, which are not on the path. */
const APPLICATIONS = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
] as const

/** A browser that can draw figures, or why there is none. */
export type FoundChromium = { readonly file: string } | { readonly reason: string; readonly asked: boolean }

/**
 * Returns the system's Chromium, Chrome or Edge. `RECURLAB_CHROMIUM` is the path of another one, or `none`.
 *
 * @returns without one the reason, and whether `RECURLAB_CHROMIUM` named a browser that is not there
 */
export function findChromium(): FoundChromium {
  const own = process.env.RECURLAB_CHROMIUM
  if (own === 'none') return { reason: 'RECURLAB_CHROMIUM is none', asked: false }
  if (own) return fs.existsSync(own) ? { file: own } : { reason: `RECURLAB_CHROMIUM: no file ${own}`, asked: true }
  const folders = (process.env.PATH ?? '').split(path.delimiter).filter(Boolean)
  const files = NAMES.flatMap((name) => folders.map((folder) => path.join(folder, name)))
  const file = [...files, ...(process.platform === 'darwin' ? APPLICATIONS : [])].find((each) => isThere(each))
  return file === undefined ? { reason: 'the system has no Chromium, Chrome or Edge', asked: false } : { file }
}

/** Returns whether a file is there; one in a folder that may not be searched cannot be run either. */
function isThere(file: string): boolean {
  try {
    return fs.existsSync(file)
  } catch {
    return false
  }
}
