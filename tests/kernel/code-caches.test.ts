import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { type TestContext, test } from 'node:test'
import { ModuleCache } from '../../lib/kernel/compiler/module-cache.js'
import { readOwn, writeOwn } from '../../lib/typescript/cache.mjs'
import { createCompiler } from '../../lib/typescript/compile.mjs'

function newRoot(t: TestContext): string {
  const root = mkdtempSync(path.join(os.tmpdir(), 'recurlab-caches-'))
  t.after(() => rmSync(root, { recursive: true, force: true }))
  return root
}

/** Returns the only file of a cache. */
function onlyFile(root: string, cache: string): string {
  const folder = path.join(root, '.recurlab', 'cache', cache)
  const [name, ...others] = readdirSync(folder)
  assert.deepEqual(others, [])
  return path.join(folder, name!)
}

test('a compiled module in a file of another format version, or of none, is compiled anew', (t) => {
  const root = newRoot(t)
  const compile = (): string => new ModuleCache(root, 'salt').compile('/a.ts', 'export const a: number = 1').code
  const code = compile()
  const file = onlyFile(root, 'modules')
  const { formatVersion, ...kept } = JSON.parse(readOwn(file)!) as Record<string, unknown>
  assert.equal(formatVersion, 1)
  const store = (version: unknown): void => {
    rmSync(file)
    writeOwn(file, JSON.stringify({ ...kept, formatVersion: version, code: 'of the file' }))
  }
  store(1)
  assert.equal(compile(), 'of the file')
  for (const version of [2, undefined]) {
    store(version)
    assert.equal(compile(), code)
    assert.equal((JSON.parse(readOwn(file)!) as { code: string }).code, code)
  }
})

test('compiled code of the library in a file of another format version is compiled anew', (t) => {
  const root = newRoot(t)
  const source = path.join(root, 'lib', 'a.ts')
  mkdirSync(path.dirname(source))
  writeFileSync(source, 'export const a: number = 1\n')
  const code = createCompiler(root).compile(source)
  const file = onlyFile(root, 'lib')
  const other = code.replace('//# recurlab code 1 from', '//# recurlab code 2 from')
  assert.notEqual(other, code)
  writeOwn(file, other)
  assert.equal(createCompiler(root).isKept(source), false)
  assert.equal(createCompiler(root).compile(source), code)
  assert.equal(readOwn(file), code)
})
