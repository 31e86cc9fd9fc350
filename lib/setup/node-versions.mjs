/**
 * The supported release lines of Node, with the first minor version, and the version with which
 * tests/node-versions.slow.test.ts sets up, trains, runs a notebook and stops a cell.
 */
export const NODE_LINES = [
  { major: 20, least: 19, seen: '20.20.2' },
  { major: 22, least: 12, seen: '22.23.3' },
  { major: 24, least: 0, seen: '24.21.0' },
]
