import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { test } from 'node:test'
import type ts from '@tslab/typescript-for-tslab'
import { anyDeclarations, overlayFiles } from '../lib/kernel/overlay.js'
import { makeLibTypes } from '../lib/kernel/types.js'
import { root } from './shared.js'

const { sys } = createRequire(import.meta.url)('@tslab/typescript-for-tslab') as { sys: ts.System }
const source = path.join(root, 'lib', 'errors.ts')
const declaration = path.join(root, 'lib', 'errors.d.ts')

test('lib has declaration files, made once for each state of lib', async () => {
  const types = await makeLibTypes(root)
  assert.ok(types.folder !== null, types.folder === null ? types.problem : '')
  assert.match(readFileSync(path.join(types.folder, 'errors.d.ts'), 'utf8'), /class UserError extends Error/)
  const started = performance.now()
  assert.deepEqual(await makeLibTypes(root), types)
  assert.ok(performance.now() - started < 500)
  const left = readdirSync(path.dirname(types.folder)).filter((name) => name.includes(`${process.pid}`))
  assert.deepEqual(left, [])
})

test("the cells' compiler sees declarations in lib's place, and no source", async () => {
  const types = await makeLibTypes(root)
  const files = overlayFiles(sys, root, path.join(root, 'notebooks'), () => types.folder)
  assert.equal(files.fileExists?.(source), false)
  assert.equal(files.fileExists?.(declaration), true)
  assert.equal(files.fileExists?.(path.join(root, 'tsconfig.json')), true)
  assert.match(String(files.readFile?.(declaration)), /declare class UserError/)
})

test('without declaration files every exported name of lib is any', () => {
  const files = overlayFiles(sys, root, path.join(root, 'notebooks'), () => null)
  assert.equal(files.fileExists?.(declaration), true)
  assert.match(String(files.readFile?.(declaration)), /export declare const UserError: any/)
  const text = anyDeclarations(
    `export async function f() {}\nexport const a = 1\nexport interface I {}\nexport * from './b.js'\nconst hidden = 1`,
  )
  assert.match(text, /const f: any[\s\S]*const a: any[\s\S]*type I = any[\s\S]*export \* from '\.\/b\.js'/)
  assert.doesNotMatch(text, /hidden/)
})
