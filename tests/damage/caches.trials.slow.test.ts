import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { before, test } from 'node:test'
import { UserError } from '../../lib/errors.js'
import { ModuleCache } from '../../lib/kernel/compiler/module-cache.js'
import { readNotebook, writeNotebook } from '../../lib/notebook/notebook.js'
import { pairOf, planSync } from '../../lib/notebook/percent/pair.js'
import { createCompiler } from '../../lib/typescript/compile.mjs'
import { trials } from '../trials.js'
import { type DamageCase, damageCases, damageFile, quickFolder } from './damage.js'
import { assertTold } from './readers.js'

const folder = quickFolder()
const kernelspec = { display_name: 'TypeScript (Recurlab)', language: 'typescript', name: 'recurlab' }

/** Writes a notebook and its text, which agree, and changes the text after the sync. */
function pairIn(dir: string): ReturnType<typeof pairOf> {
  mkdirSync(dir, { recursive: true })
  const pair = pairOf(path.join(dir, 'a.ipynb'))
  const cell = (source: string) => ({
    cell_type: 'code' as const,
    id: source.slice(0, 3),
    metadata: {},
    source,
    outputs: [],
    execution_count: null,
  })
  writeNotebook(pair.ipynb, {
    nbformat: 4,
    nbformat_minor: 5,
    metadata: { kernelspec },
    cells: ['let a = 1', 'let b = 2'].map(cell),
  })
  planOf(pair, dir).apply()
  writeFileSync(pair.ts, readFileSync(pair.ts, 'utf8').replace('let b = 2', 'let b = 3'))
  return pair
}

function planOf(pair: ReturnType<typeof pairOf>, dir: string): ReturnType<typeof planSync> {
  return planSync(pair, { records: path.join(dir, 'records'), committed: () => null })
}

const [notebook, otherNotebook] = [path.join(folder, 'notebook'), path.join(folder, 'other')]
let record = ''
before(() => {
  pairIn(notebook)
  pairIn(otherNotebook)
  record = readdirSync(path.join(notebook, 'records'))[0]!
})

test(
  ...trials(
    'a damaged record of the last sync is no record: no side of a pair is overwritten by it',
    { cases: () => damageCases([path.join('records', record)], 1000), sample: 30 },
    (one, { random }) => {
      const pair = pairOf(path.join(notebook, 'a.ipynb'))
      const restore = damageFile(notebook, one, { other: otherNotebook }, random)
      try {
        assert.equal(planOf(pair, notebook).writes, 'ipynb', 'the text alone has changed')
      } catch (error) {
        assertTold(error, 'a.ipynb', `${one.file}: ${one.damage}`)
        assert.match((error as Error).message, /no record of a sync/)
      } finally {
        restore()
      }
    },
  ),
)

test(
  ...trials(
    'a damaged notebook, which has no checksum, is read as one or refused by its name',
    { cases: damageCases(['a.ipynb', 'a.ts'], 500), sample: 30 },
    (one, { random }) => {
      const pair = pairOf(path.join(notebook, 'a.ipynb'))
      const restore = damageFile(notebook, one, { other: otherNotebook }, random)
      try {
        const began = performance.now()
        if (one.file === 'a.ipynb') assert.ok(readNotebook(pair.ipynb).cells.every(({ cell_type }) => cell_type))
        planOf(pair, notebook)
        assert.ok(performance.now() - began < 5000)
      } catch (error) {
        if (!(error instanceof UserError)) throw error
        assertTold(error, path.join(notebook, 'a.'), `${one.file}: ${one.damage}`)
      } finally {
        restore()
      }
    },
  ),
)

/** A cache of compiled code, and what fills and reads it. */
interface Cache {
  readonly name: string
  /** Compiles, with the cache in a folder. */
  readonly compile: (root: string) => string
}

const SOURCE = 'export const a: number = 1\n'
const CACHES: readonly Cache[] = [
  { name: 'modules', compile: (root) => new ModuleCache(root, 'salt').compile('/a.ts', SOURCE).code },
  { name: 'lib', compile: (root) => createCompiler(root).compile(path.join(root, 'lib', 'a.ts')) },
]

const ofCaches = CACHES.flatMap((cache) =>
  damageCases(['code'], 500).map((one): DamageCase & { readonly cache: Cache } => ({ ...one, cache })),
)

test(
  ...trials(
    'damaged compiled code is never run: it is compiled anew',
    { cases: ofCaches, sample: 60 },
    ({ cache, damage }, { random }) => {
      const [root, other] = [path.join(folder, 'root'), path.join(folder, 'other-root')]
      for (const each of [root, other]) {
        mkdirSync(path.join(each, 'lib'), { recursive: true })
        writeFileSync(path.join(each, 'lib', 'a.ts'), SOURCE)
      }
      try {
        const right = cache.compile(root)
        const kept = path.join(root, '.recurlab', 'cache', cache.name)
        const [file] = readdirSync(kept)
        damageFile(kept, { file: file!, damage }, { other: kept.replace(root, other) }, random)
        const began = performance.now()
        assert.equal(cache.compile(root), right)
        assert.ok(performance.now() - began < 5000)
      } finally {
        for (const each of [root, other]) rmSync(each, { recursive: true })
      }
    },
  ),
)
