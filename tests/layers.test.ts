import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'

/**
 * The layers of `lib`, lowest first: a module imports only from its own layer and from earlier ones. A nested folder may be
 * a layer of its own. CONTRIBUTING.md lists the same layers.
 */
const LAYERS = [
  'escape',
  'errors.ts',
  'random.ts',
  'statistics',
  'typescript',
  'setup',
  'files',
  'interop/formats',
  'options',
  'recursion',
  'config',
  'backend',
  'data',
  'tasks',
  'storage',
  'model',
  'interop',
  'train',
  'evaluate',
  'think',
  'results',
  'recording',
  'ablations',
  'plot',
  'notebook',
  'experiment',
  'lab',
  'index.ts',
  'kernel',
  'cli',
]

/** The registry of commands, the only module of `lib` that loads the benches, and only on demand. */
const LOADS_BENCHES = 'cli/registry.ts'

const lib = path.resolve(import.meta.dirname, '..', 'lib')
const IMPORT = /(?:^(?:import|export)\b[^'"]*?from |\bimport\(\s*)'(\.[^']+)'/gm

const modules = readdirSync(lib, { recursive: true, encoding: 'utf8' })
  .map((name) => name.split(path.sep).join('/'))
  .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))

/** The place of the most exact line that a path is under; -1 where none is. */
function layerOf(file: string): number {
  const under = LAYERS.filter((layer) => file === layer || file.startsWith(`${layer}/`))
  const longest = under.sort((a, b) => b.length - a.length)[0]
  return longest === undefined ? -1 : LAYERS.indexOf(longest)
}

function importsOf(file: string): string[] {
  const text = readFileSync(path.join(lib, file), 'utf8')
  return [...text.matchAll(IMPORT)].map(([, specifier]) =>
    path.posix.join(path.posix.dirname(file), specifier!.replace(/\.js$/, '.ts')),
  )
}

test('every module of lib is in a layer', () => {
  assert.ok(modules.length > 500, String(modules.length))
  assert.deepEqual(
    modules.filter((file) => layerOf(file) < 0),
    [],
  )
})

test('no module of lib imports from a layer above its own', () => {
  const upwards = modules.flatMap((file) =>
    importsOf(file)
      .filter((imported) => !imported.startsWith('../') && layerOf(imported) > layerOf(file))
      .map((imported) => `${file} imports ${imported}`),
  )
  assert.deepEqual(upwards, [])
})

test('no module of lib imports from outside lib, but for the registry of commands, which loads the benches', () => {
  const outside = modules.filter((file) => importsOf(file).some((imported) => imported.startsWith('../')))
  assert.deepEqual(
    outside.filter((file) => file !== LOADS_BENCHES),
    [],
  )
})

/** Imports of values: those of types alone are gone when the module is loaded. */
const LOADS = /^(?:import|export) (?!type )[^'"]*?from '([^']+)'/gm

test('commands that list runs and published results start without TensorFlow.js', () => {
  const loaded = new Set(['cli/commands/runs.ts', 'cli/commands/reported.ts'])
  const loading: string[] = []
  for (const file of loaded)
    for (const [, specifier] of readFileSync(path.join(lib, file), 'utf8').matchAll(LOADS)) {
      if (specifier!.startsWith('@tensorflow/')) loading.push(file)
      if (specifier!.startsWith('.'))
        loaded.add(path.posix.join(path.posix.dirname(file), specifier!.replace(/\.js$/, '.ts')))
    }
  assert.ok(loaded.size > 100, String(loaded.size))
  assert.deepEqual(loading, [])
})

test('CONTRIBUTING.md lists the layers, lowest first', () => {
  const text = readFileSync(path.resolve(lib, '..', 'CONTRIBUTING.md'), 'utf8')
  const map = text.slice(text.indexOf('| folder | content |'), text.indexOf('Beside `lib`'))
  const layers = [...map.matchAll(/^\| (`.*?) \|/gm)].flatMap(([, names]) => names!.replaceAll('`', '').split(', '))
  assert.deepEqual(layers, LAYERS)
})

test('every path that CONTRIBUTING.md and README.md name exists', () => {
  const root = path.resolve(lib, '..')
  for (const page of ['CONTRIBUTING.md', 'README.md']) {
    const text = readFileSync(path.join(root, page), 'utf8')
    const named = [...text.matchAll(/(?:`|\]\()((?:lib|tests|bench|notebooks)\/[\w./-]+)[`)]/g)].map(
      ([, name]) => name!,
    )
    assert.ok(named.length > 5, page)
    assert.deepEqual(
      named.filter((name) => !/[A-Z]{2}/.test(name.replace('README', '')) && !existsSync(path.join(root, name))),
      [],
      page,
    )
  }
})
