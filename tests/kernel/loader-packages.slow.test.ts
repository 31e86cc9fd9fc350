import assert from 'node:assert/strict'
import path from 'node:path'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'

import { project } from './loader-project.js'

/** The folder where the project's own packages are found. */
const HERE = path.resolve('node_modules/..', '.recurlab')

const PACKAGES = {
  'node_modules/esm/package.json':
    '{"name": "esm", "type": "module", "exports": {".": "./a.js", "./sub": {"import": "./sub.js"}}}',
  'node_modules/esm/a.js': 'export const a = {}\nexport default "default"\nexport const url = import.meta.url',
  'node_modules/esm/sub.js': "export { a as sub } from './a.js'",
  'node_modules/common/package.json': '{"name": "common"}',
  'node_modules/common/index.js':
    'const all = { found: 1, constructor: 2 }\nfor (const name of ["hidden", "more"]) all[name] = () => name\nObject.defineProperty(all, "lazy", { get: () => (all.count = (all.count ?? 0) + 1), enumerable: true })\nmodule.exports = all',
  'node_modules/common/sub.js': 'exports.sub = 1\nexports.default = 2',
  'node_modules/callable/package.json': '{"name": "callable"}',
  'node_modules/callable/index.js': 'module.exports = (n) => n + 1\nmodule.exports[["ex", "tra"].join("")] = 1',
  'node_modules/@scope/broken/package.json': '{"name": "@scope/broken", "main": "a.js"}',
  'node_modules/@scope/broken/a.js': 'throw new RangeError("inside")',
  'node_modules/needy/package.json': '{"name": "needy", "type": "module", "exports": "./a.js"}',
  'node_modules/needy/a.js': 'import "@far/away"',
}

test('Cells and modules get the same packages, ESM with its "exports", and Node’s own modules', async (t) => {
  const { cell, loader, root } = project(t, {
    ...PACKAGES,
    'lib/x.ts':
      "import d, { a } from 'esm'\nimport { sub } from 'esm/sub'\nimport fs from 'node:fs'\nexport { a, d, sub, fs }",
  })
  const x = await cell('../lib/x', 'a', 'd', 'sub', 'fs')
  const esm = await cell('esm', 'a', 'default', '*')
  assert.equal(x.a, esm.a)
  assert.equal(x.sub, esm.a)
  assert.equal(x.d, 'default')
  assert.equal(x.fs, (await cell('fs', 'default')).default)
  assert.equal(esm['*'], await loader.load('esm'))
  assert.equal(await loader.load('./node_modules/esm/a.js', `${root}/`), esm['*'])
  assert.equal(((await loader.load('data:text/javascript,export const d = 4')) as { d: number }).d, 4)
})

test('A CommonJS package has the names that its types promise, also those that Node does not find', async (t) => {
  const { cell, loader } = project(t, {
    ...PACKAGES,
    'lib/x.ts':
      "import { hidden, found } from 'common'\nimport call, { extra } from 'callable'\nexport { hidden, found, call, extra }",
  })
  const x = await cell('../lib/x', 'hidden', 'found', 'call', 'extra')
  assert.deepEqual(
    [x.found, (x.hidden as () => string)(), (x.call as (n: number) => number)(1), x.extra],
    [1, 'hidden', 2, 1],
  )
  const common = (await loader.load('common')) as Record<string, unknown>
  assert.deepEqual(
    ['more', 'constructor', 'default'].map((name) => Object.hasOwn(common, name)),
    [true, true, true],
  )
  assert.deepEqual([common.lazy, common.lazy], [1, 2], 'a getter is not called before somebody asks')
  assert.equal((await cell('common', 'hidden')).hidden, x.hidden)
  assert.equal((await cell('common', '*'))['*'], common)
  await assert.rejects(
    cell('common', 'hiden'),
    /'common' does not provide an export named 'hiden'\. Did you mean 'hidden'\?/,
  )
  assert.deepEqual(await cell('common/sub.js', 'sub'), { sub: 1 })
  await assert.rejects(cell('esm', 'length'), SyntaxError)
})

test('Files that only Node can load come from Node', async (t) => {
  const { cell, requests } = project(t, {
    'lib/old.cjs': 'module.exports = { [["na", "me"].join("")]: 1 }',
    'lib/x.ts': "import { name } from './old.cjs'\nexport { name }",
  })
  assert.deepEqual(await cell('../lib/old.cjs', 'name'), { name: 1 })
  assert.deepEqual(await cell('../lib/x', 'name'), { name: 1 })
  assert.deepEqual(requests, ['lib/x'])
  await assert.rejects(cell('../lib/none.cjs', 'name'), {
    name: 'UserError',
    message: /expected the file lib\/none\.cjs/,
  })
})

test('A missing package is named with what to do, and is found once it is installed', async (t) => {
  const { cell, loader, write } = project(t, {
    ...PACKAGES,
    'lib/x.ts': "import 'absent/sub'\nexport const x = 1",
    'lib/y.ts': 'export const y = 1',
  })
  await assert.rejects(loader.load('@none/such/sub'), {
    name: 'UserError',
    message:
      "import '@none/such/sub' in notebooks/: expected the package @none/such, found none of that name in node_modules. Run: npm install @none/such",
  })
  await assert.rejects(loader.load('../lib/x'), {
    name: 'UserError',
    message: /^import 'absent\/sub' in lib\/: .*npm install absent$/,
  })
  write({
    'node_modules/absent/package.json': '{"type": "module", "exports": {"./sub": "./s.js"}}',
    'node_modules/absent/s.js': 'export {}',
  })
  assert.deepEqual({ ...(await loader.load('../lib/x')) }, { x: 1 })
  await assert.rejects(loader.load('needy'), {
    name: 'UserError',
    message: /expected the package @far\/away that node_modules\/needy\/a\.js imports, .*npm install @far\/away/,
  })
  await assert.rejects(loader.load('lib/y'), { name: 'UserError', message: /by its path: '\.\.\/lib\/y'\.$/ })
  assert.deepEqual(await cell('../lib/y', 'y'), { y: 1 })
})

test('A subpath that a package does not export is a message; what a package throws stays as it is', async (t) => {
  const { loader } = project(t, PACKAGES)
  await assert.rejects(loader.load('esm/other'), {
    name: 'UserError',
    message: /Package subpath '\.\/other' is not defined/,
  })
  await assert.rejects(loader.load('@scope/broken'), { name: 'RangeError', message: 'inside' })
  await assert.rejects(loader.load('node:nothing'), { code: 'ERR_UNKNOWN_BUILTIN_MODULE' })
})

test('After a forced stop a package that Node waits for is a message, and others load', async (t) => {
  const { loader, underway } = project(t, {
    ...PACKAGES,
    'node_modules/stuck/package.json': '{"type": "module", "exports": "./a.js"}',
    'node_modules/stuck/a.js': 'await new Promise(() => undefined)',
  })
  void loader.load('stuck')
  while (underway.at(-1) !== 1) await setImmediate()
  loader.abandon()
  assert.deepEqual(underway, [1, 0])
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const again = loader.load('stuck')
  await loader.load('esm')
  assert.deepEqual(underway, [1, 0, 1, 2, 1])
  t.mock.timers.tick(10_000)
  await assert.rejects(again, {
    name: 'UserError',
    message: /^import 'stuck': stuck was stopped .* Restart the kernel\.$/,
  })
  assert.equal(underway.at(-1), 0)
})

test('The packages of this project load', async (t) => {
  const { cell, loader } = project(
    t,
    {
      'lib/x.ts':
        "import * as tf from '@tensorflow/tfjs-core'\nexport const size = tf.util.sizeFromShape([2, 3])\nexport { tf }",
    },
    HERE,
  )
  const x = await cell('../lib/x', 'size', 'tf')
  assert.equal(x.size, 6)
  assert.equal((await cell('@tensorflow/tfjs-core', '*'))['*'], x.tf)
  const { table } = (await cell('arquero', 'table')) as { table(columns: object): { numRows(): number } }
  assert.equal(table({ a: [1, 2] }).numRows(), 2)
  const { Table } = (await cell('apache-arrow', 'Table')) as { Table: { name: string } }
  assert.equal(Table.name, 'Table')
  const { z } = (await cell('zod', 'z')) as { z: { int(): { parse(value: unknown): unknown } } }
  assert.equal(z.int().parse(3), 3)
  await assert.doesNotReject(loader.load('csv-parse/sync'))
})
