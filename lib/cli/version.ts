import { readFileSync } from 'node:fs'

/** The version, as `recurlab --version` prints it. */
export function versionText(): string {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
  return `recurlab ${version}`
}
