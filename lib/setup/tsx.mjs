// For `node --import`: tsx, which runs scripts that tests start. It keeps what it compiles below the folder for temporary files, where anybody
// can create that name first; so for tsx alone that is a folder of the project, or it keeps nothing.
import { privateFolder } from '../typescript/cache.mjs'
import { root } from './paths.mjs'

const folder = privateFolder(root, 'tests')
const { TMPDIR } = process.env
if (folder === null) process.env.TSX_DISABLE_CACHE = '1'
else process.env.TMPDIR = folder
// Under a name that the type checker does not look up: tsx has no types for it.
const loader = 'tsx'
try {
  await import(loader)
} finally {
  if (TMPDIR === undefined) delete process.env.TMPDIR
  else process.env.TMPDIR = TMPDIR
}
