import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import path from 'node:path'
import { makeFolder, writeFileAtomic } from '../files/atomic.js'

/** Where lib's declaration files are, or why they could not be made. */
export type LibTypes = { readonly folder: string } | { readonly folder: null; readonly problem: string }

/** Cells do not import these, and they need not be declared. */
const NOT_FOR_CELLS = ['cli', 'kernel', 'setup']
/** Folders of earlier states of lib that are kept: other kernels may still read them. */
const KEPT = 4

/**
 * Declaration files of lib, made by the project's own TypeScript (about 2 s), because the older one inside tslab
 * cannot compile lib itself. A folder is named by what lib is now, so it is made once and never half-written.
 */
export async function makeLibTypes(root: string): Promise<LibTypes> {
  const types = path.join(root, '.recurlab', 'types')
  const folder = path.join(types, stampOf(root))
  if (existsSync(folder)) return { folder }
  const temporary = `${folder}.${process.pid}.tmp`
  try {
    makeFolder(types)
    const config = path.join(types, `tsconfig.${process.pid}.json`)
    writeFileAtomic(config, JSON.stringify(configuration(root, temporary)))
    const problem = await compile(root, config).finally(() => rmSync(config, { force: true }))
    if (!existsSync(path.join(temporary, 'errors.d.ts'))) return { folder: null, problem }
    // Another kernel may have been faster.
    if (!existsSync(folder)) renameSync(temporary, folder)
    removeOld(types)
    return { folder }
  } catch (error) {
    return { folder: null, problem: error instanceof Error ? error.message : String(error) }
  } finally {
    rmSync(temporary, { recursive: true, force: true })
  }
}

function configuration(root: string, outDir: string): unknown {
  const lib = path.join(root, 'lib')
  return {
    extends: path.join(root, 'tsconfig.json'),
    compilerOptions: {
      noEmit: false,
      declaration: true,
      emitDeclarationOnly: true,
      // Declarations need no more than the types that they name; `npm run check` does the rest.
      noCheck: true,
      rootDir: lib,
      outDir,
      typeRoots: [path.join(root, 'node_modules', '@types')],
    },
    include: [path.join(lib, '**', '*.ts')],
    exclude: NOT_FOR_CELLS.map((name) => path.join(lib, name)),
  }
}

/** Runs the compiler; returns what it says. */
function compile(root: string, config: string): Promise<string> {
  return new Promise((resolve) => {
    const tsc = path.join(root, 'node_modules', 'typescript', 'lib', 'tsc.js')
    const child = spawn(process.execPath, [tsc, '-p', config], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
    let said = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => {
        said = `${said}${chunk}`.slice(0, 2000)
      })
    child.on('error', (error) => resolve(error.message))
    child.on('close', () => resolve(said.trim()))
  })
}

/** Changes whenever a file of lib, or the compiler's settings or packages, may have changed. */
function stampOf(root: string): string {
  const hash = createHash('sha256')
  for (const name of ['tsconfig.json', 'package-lock.json']) hash.update(stateOf(path.join(root, name)))
  const lib = path.join(root, 'lib')
  for (const entry of readdirSync(lib, { recursive: true, encoding: 'utf8' }).sort())
    if (entry.endsWith('.ts') && !NOT_FOR_CELLS.includes(entry.split(path.sep)[0]!))
      hash.update(stateOf(path.join(lib, entry)))
  return hash.digest('hex').slice(0, 16)
}

function stateOf(file: string): string {
  if (!existsSync(file)) return `${file}\0`
  const { size, mtimeMs } = statSync(file)
  return `${file}\0${size}\0${mtimeMs}\0`
}

function removeOld(types: string): void {
  const folders = readdirSync(types)
    .filter((name) => /^[0-9a-f]{16}$/.test(name))
    .map((name) => ({ name, at: statSync(path.join(types, name)).mtimeMs }))
    .sort((a, b) => b.at - a.at)
  for (const { name } of folders.slice(KEPT)) rmSync(path.join(types, name), { recursive: true, force: true })
}
