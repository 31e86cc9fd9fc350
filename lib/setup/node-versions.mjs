/**
 * The supported release lines of Node, with the first minor version, and the version with which
 * tests/node-versions.slow.test.ts sets up, trains, runs a notebook and stops a cell.
 */
export const NODE_LINES = [
  { major: 20, least: 19, seen: '20.20.2' },
  { major: 22, least: 12, seen: '22.23.3' },
  { major: 24, least: 0, seen: '24.21.0' },
]

/**
 * Returns whether this Node can run the project: 20.19+, 22.12+, 24, or a later one, which is untested.
 *
 * @param {string} version such as `20.19.0`
 */
export function nodeIsFit(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const line = NODE_LINES.find((known) => known.major === major)
  return line ? minor >= line.least : isLater(version)
}

/** Returns whether a version of Node is later than every tested one. @param {string} version */
export function isLater(version) {
  return Number(version.split('.')[0]) > Math.max(...NODE_LINES.map(({ major }) => major))
}
