import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'

import { project } from './loader-project.js'

test('After an edit the cells have the new code, through any chain of imports, and nothing else runs again', async (t) => {
  const { cell, edit } = project(t, {
    'lib/log.ts': 'export const log: string[] = []',
    'lib/c.ts': "import { log } from './log'\nlog.push('c')\nexport const value = () => 'old'",
    'lib/b.ts': "import { value } from './c'\nexport const twice = () => value() + value()",
    'lib/a.ts': "export * from './b'",
    'lib/other.ts': "import { log } from './log'\nlog.push('other')\nexport const other = {}",
  })
  const a = await cell('../lib/a', 'twice', '*')
  const b = await cell('../lib/b', 'twice')
  const { log } = await cell('../lib/log', 'log')
  const { other } = await cell('../lib/other', 'other')
  const oldTwice = a.twice as () => string

  const text = "import { log } from './log'\nlog.push('new c')\nexport const value = () => 'new'"
  assert.deepEqual(await edit({ 'lib/c.ts': text }), {
    reloaded: ['lib/c.ts', 'lib/b.ts', 'lib/a.ts'],
    edited: ['lib/c.ts'],
    refused: [],
    notes: [],
  })
  assert.equal((a.twice as () => string)(), 'newnew')
  assert.equal((b.twice as () => string)(), 'newnew')
  assert.equal((a['*'] as { twice(): string }).twice(), 'newnew')
  assert.equal(oldTwice(), 'oldold', 'what is in memory stays as it is')
  assert.deepEqual(log, ['c', 'other', 'new c'])
  assert.equal((await cell('../lib/other', 'other')).other, other)
  assert.equal((await cell('../lib/a', 'twice')).twice, a.twice)
})

test('When a module of the new code throws, everything stays as it was, and a later edit counts', async (t) => {
  for (const before of ['', 'await null\n']) {
    const { cell, edit, told } = project(t, {
      'lib/b.ts': 'export let n = 1\nexport const up = () => ++n',
      'lib/a.ts': "export { n } from './b'",
    })
    const a = await cell('../lib/a', 'n')
    const b = await cell('../lib/b', 'n', 'up')
    told.length = 0
    const { reloaded, refused, notes } = await edit({
      'lib/b.ts': `${before}export const n = 2\nthrow new Error('no')`,
    })
    assert.deepEqual([reloaded, String(refused[0]?.error), notes], [[], 'Error: no', []])
    assert.deepEqual(told.slice(-2).sort(), ['lib/a.ts', 'lib/b.ts'], 'source maps are those of the old text again')
    ;(b.up as () => void)()
    assert.deepEqual([a.n, b.n, (await cell('../lib/a', 'n')).n], [2, 2, 2])
    assert.deepEqual((await edit({ 'lib/b.ts': 'export const n = 3' })).reloaded, ['lib/b.ts', 'lib/a.ts'])
    assert.deepEqual([a.n, b.n], [3, 3])
  }
})

test('A module that failed to reload is loaded again when what it needs is mended', async (t) => {
  const { cell, edit } = project(t, { 'lib/a.ts': 'export const a = 1', 'lib/b.ts': "throw new Error('b is broken')" })
  const a = await cell('../lib/a', 'a')
  const failed = await edit({ 'lib/a.ts': "import { b } from './b'\nexport const a = b" })
  assert.match(String(failed.refused[0]?.error), /b is broken/)
  assert.equal(a.a, 1)
  assert.deepEqual((await edit({ 'lib/b.ts': 'export const b = 2' })).reloaded, ['lib/a.ts'])
  assert.equal(a.a, 2)
})

test('One bad edit among several keeps out only itself, and is tried again when others have changed', async (t) => {
  const { cell, edit } = project(t, {
    'lib/good.ts': 'export const good = 1',
    'lib/bad.ts': "import { need } from './need'\nexport const bad = 1 + need",
    'lib/need.ts': 'export const need = 0',
    'lib/late.ts': 'export const late = 1',
  })
  const good = await cell('../lib/good', 'good')
  const bad = await cell('../lib/bad', 'bad')
  const late = await cell('../lib/late', 'late')
  const outcome = await edit({
    'lib/bad.ts': "import { need } from './need'\nexport const bad = 2\nif (need === 0) throw new Error('no')",
    'lib/good.ts': 'export const good = 2',
  })
  assert.deepEqual(outcome.reloaded, ['lib/good.ts'])
  assert.deepEqual(
    outcome.refused.map(({ file, error }) => [file, String(error)]),
    [['lib/bad.ts', 'Error: no']],
  )
  assert.deepEqual([good.good, bad.bad], [2, 1])
  const second = await edit({ 'lib/late.ts': 'export const late = 2' })
  assert.deepEqual([second.reloaded, second.refused[0]?.file, late.late], [['lib/late.ts'], 'lib/bad.ts', 2])
  const third = await edit({ 'lib/need.ts': 'export const need = 1' })
  assert.deepEqual([third.refused, bad.bad], [[], 2])
})

test('A name that is gone keeps its value in the cells, and is mentioned', async (t) => {
  const { cell, edit, loader } = project(t, { 'lib/x.ts': 'export const old = 1, stays = 1' })
  const values: Record<string, unknown> = {}
  await loader.import('../lib/x', { mine: ['old', (value) => Object.assign(values, { mine: value })] })
  const { stays } = await cell('../lib/x', 'stays')
  assert.equal(stays, 1)
  const { notes } = await edit({ 'lib/x.ts': 'export const renamed = 2, stays = 2' })
  assert.deepEqual(notes, ['lib/x.ts no longer exports mine: it keeps its old value.'])
  assert.deepEqual(values, { mine: 1 })
  await edit({ 'lib/x.ts': 'export const old = 3, stays = 2' })
  assert.deepEqual(values, { mine: 3 })
})

test('Modules in a circle reload together, in the order in which they ran at first', async (t) => {
  const { cell, edit } = project(t, {
    'lib/a.ts': "import { b } from './b'\nexport const a = () => 'a'\nexport const ab = 'a' + b()",
    'lib/b.ts': "import { a } from './a'\nexport const b = () => 'b'\nexport const later = () => a() + b()",
  })
  const a = await cell('../lib/a', 'ab')
  const b = await cell('../lib/b', 'later')
  const text = "import { a } from './a'\nexport const b = () => 'B'\nexport const later = () => a() + b()"
  assert.deepEqual((await edit({ 'lib/b.ts': text })).reloaded, ['lib/b.ts', 'lib/a.ts'])
  assert.deepEqual([a.ab, (b.later as () => string)()], ['aB', 'aB'])
})

test('JSON is reloaded with the modules that import it', async (t) => {
  const { cell, edit } = project(t, {
    'data.json': '{"n": 1}',
    'lib/x.ts': "import data from '../data.json' with { type: 'json' }\nexport const n = data.n",
  })
  const x = await cell('../lib/x', 'n')
  const json = await cell('../data.json', 'default')
  assert.deepEqual((await edit({ 'data.json': '{"n": 2}' })).reloaded, ['data.json', 'lib/x.ts'])
  assert.deepEqual([x.n, json.default], [2, { n: 2 }])
  assert.equal((await edit({ 'data.json': '{"n": ' })).refused[0]?.error instanceof SyntaxError, true)
  assert.deepEqual([x.n, json.default], [2, { n: 2 }])
})

test('A module that was loaded by import() alone makes the one that loaded it reload', async (t) => {
  const { cell, edit } = project(t, {
    'lib/a.ts': "const b = await import('./b')\nexport const a = () => b.b",
    'lib/b.ts': 'export const b = 1',
  })
  const { a } = await cell('../lib/a', 'a')
  assert.equal((a as () => number)(), 1)
  const values = await cell('../lib/a', 'a')
  assert.deepEqual((await edit({ 'lib/b.ts': 'export const b = 2' })).reloaded, ['lib/b.ts', 'lib/a.ts'])
  assert.equal((values.a as () => number)(), 2)
})

test('A module that nobody has loaded is not loaded by an edit, and comes with its newest text', async (t) => {
  const { cell, edit, loader } = project(t, { 'lib/x.ts': 'export const x = 1', 'lib/y.ts': 'export const y = 1' })
  await cell('../lib/x', 'x')
  assert.deepEqual((await edit({ 'lib/y.ts': 'export const y = 2' })).reloaded, [])
  assert.equal(((await loader.load('../lib/y')) as { y: number }).y, 2)
})

test('An edit of types alone reloads nothing', async (t) => {
  const { cell, edit, told } = project(t, { 'lib/x.ts': 'export const x = {}\nexport interface A { a: 1 }' })
  const { x } = await cell('../lib/x', 'x')
  told.length = 0
  const outcome = await edit({ 'lib/x.ts': 'export const x = {}\nexport interface A {\n  a: 2\n}' })
  assert.deepEqual(outcome, { reloaded: [], edited: [], refused: [], notes: [] })
  assert.deepEqual(told, ['lib/x.ts'], 'its source map is new')
  assert.equal((await cell('../lib/x', 'x')).x, x)
})

test('New code may import what was never asked for', async (t) => {
  const { cell, edit, write, requests } = project(t, { 'lib/x.ts': 'export const x = 1' })
  const values = await cell('../lib/x', 'x')
  write({ 'lib/new.ts': "export * from './newer'", 'lib/newer.ts': 'export const x = 2' })
  const { reloaded, refused } = await edit({ 'lib/x.ts': "export * from './new'" })
  assert.deepEqual([reloaded, refused, values.x], [['lib/x.ts'], [], 2])
  assert.deepEqual(requests, ['lib/x', 'lib/new.ts'])
})

test('An instance that was replaced no longer changes what cells have', async (t) => {
  const { cell, edit } = project(t, { 'lib/x.ts': 'export let n = 0\nexport const up = () => ++n' })
  const x = await cell('../lib/x', 'n', 'up')
  const old = x.up as () => number
  await edit({ 'lib/x.ts': 'export let n = 10\nexport const up = () => ++n' })
  assert.equal(old(), 1)
  assert.equal(x.n, 10)
  ;(x.up as () => number)()
  assert.equal(x.n, 11)
})

test('A reload that a forced stop broke off is done before the next cell', async (t) => {
  const { cell, edit, loader, told } = project(t, {
    'lib/tries.ts': 'export const tries: number[] = []',
    'lib/x.ts': 'export const x = 1',
    'lib/y.ts': "export { x } from './x'",
  })
  await cell('../lib/tries', 'tries')
  const y = await cell('../lib/y', 'x')
  told.length = 0
  const text =
    "import { tries } from './tries'\nif (tries.push(1) === 1) await new Promise(() => undefined)\nexport const x = 2"
  void edit({ 'lib/x.ts': text })
  while (!told.includes('lib/x.ts')) await setImmediate()
  loader.abandon()
  assert.equal(y.x, 1)
  assert.equal((await cell('../lib/y', 'x')).x, 1)
  assert.deepEqual((await loader.reload([])).reloaded, ['lib/x.ts', 'lib/y.ts'])
  assert.equal(y.x, 2)
  assert.deepEqual(await loader.reload([]), { reloaded: [], edited: [], refused: [], notes: [] })
})

test('A module that imports by import() while it reloads gets the new modules', async (t) => {
  const { cell, edit } = project(t, {
    'lib/b.ts': 'export const b = 1',
    'lib/a.ts': "import { b as mine } from './b'\nconst { b } = await import('./b')\nexport const a = [mine, b]",
  })
  const a = await cell('../lib/a', 'a')
  await edit({ 'lib/b.ts': 'export const b = 2' })
  assert.deepEqual(a.a, [2, 2])
})
