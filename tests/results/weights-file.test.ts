import assert from 'node:assert/strict'
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { parseConfig } from '../../lib/config/parse.js'
import { resolveConfig } from '../../lib/config/resolved.js'
import type { ConfigInput } from '../../lib/config/schema.js'
import { readSafetensors, safetensorsPieces } from '../../lib/files/safetensors.js'
import type { PickleDict } from '../../lib/interop/formats/pickle-value.js'
import { openTorchFile } from '../../lib/interop/formats/torch.js'
import type { TorchTensor } from '../../lib/interop/formats/torch-tensor.js'
import { fitPuzzleTable, tensorShapes } from '../../lib/interop/weights-check.js'
import { completeConfig } from '../../lib/interop/weights-config.js'
import { factsOfTensors } from '../../lib/interop/weights-facts.js'
import { readWeightsFile, shapeOfWeights, type WeightsFile } from '../../lib/interop/weights-file.js'
import { writeWeightsFile } from '../../lib/interop/weights-write.js'
import { configuredShape } from '../../lib/model/configured.js'
import { swigluInner } from '../../lib/model/shape.js'
import type { HostTensor } from '../../lib/model/weights.js'
import { createRun, type RunWriter, saveCheckpoint } from '../../lib/results/run.js'
import { readWeightsOf } from '../../lib/results/weights-file.js'
import fc from '../fast-check.js'
import { dictionary, tensor as pickled, torchFile } from '../files/assemble.js'
import { withFailure } from '../files/failing.js'
import { writeSafetensors } from '../files/write-safetensors.js'
import { root, sharedPath } from '../shared.js'
import { temporaryFolder } from './fixture.js'
import { prefixed, SIZES, SMALL, shapeOf, tensorsOf } from './weights-fixture.js'

const folder = temporaryFolder()
const official = path.join(root, 'tests/fixtures/official')
const golden = sharedPath('golden/official-checkpoint-mlp')
const absent = golden === null && 'the shared reference numbers are not beside the checkout'

interface Numbers {
  readonly shape: readonly number[]
  readonly data: readonly number[]
}
const expected = JSON.parse(readFileSync(path.join(official, 'expected.json'), 'utf8')) as Readonly<
  Record<'trm' | 'nested' | 'average', Readonly<Record<string, Numbers>>>
>

let files = 0
function fileOf(bytes: Uint8Array): string {
  const file = path.join(folder, `${files++}.safetensors`)
  writeFileSync(file, bytes)
  return file
}

function assertSame(found: WeightsFile['tensors'], right: ReadonlyMap<string, HostTensor>): void {
  assert.deepEqual([...found.keys()].sort(), [...right.keys()].sort())
  for (const [name, { shape, data }] of right) {
    assert.deepEqual(found.get(name)?.shape, shape, name)
    assert.ok(
      data.every((value, i) => Object.is(value, found.get(name)!.data[i])),
      name,
    )
  }
}

/** A run with live weights of seed 1, an average of seed 2, and what else checkpoints hold. */
function runWithWeights(config: ConfigInput = SMALL): {
  run: RunWriter
  live: Map<string, HostTensor>
  ema: Map<string, HostTensor>
} {
  const run = createRun({ resultsDir: folder, config: parseConfig(config), provenance: { dataHash: 'abc123' } })
  const live = tensorsOf(config, 1)
  const trained = [...tensorsOf(config, 2)].filter(([name]) => !/_init$|^puzzle_emb/.test(name))
  const inputs = { shape: [2, SIZES.seqLen], data: new Float32Array(2 * SIZES.seqLen) }
  const tensors = [
    ...live,
    ...prefixed('ema/', trained),
    ...prefixed('adam.m/', trained),
    ['carry/inputs', inputs] as const,
  ]
  saveCheckpoint(run, { tensors, state: { step: 12 } })
  return { run, live, ema: new Map([...live, ...trained]) }
}

test('an official checkpoint reads with the all_config.yaml beside it', async () => {
  const file = await readWeightsFile(path.join(official, 'trm-att/step_7'))
  assert.equal(file.format, 'pytorch')
  assert.equal(file.step, 7)
  assert.equal(file.weights, 'ema', 'ema: true in the configuration')
  assert.equal(file.configFrom, path.join(official, 'trm-att/all_config.yaml'))
  assert.deepEqual(file.sizes, { vocabSize: 5, puzzleIdentifiers: 3, seqLen: null })
  assert.equal(file.config.task, 'sudoku', 'data_paths: data/sudoku-4x4')
  const { model, latents, networks, halting, mixer, hidden, heads, layers, expansion, positions, T, n, K } = file.config
  assert.deepEqual([model, latents, networks, halting, mixer], ['trm', 'two', 'shared', 'halt', 'attention'])
  assert.deepEqual([hidden, heads, layers, expansion, positions, T, n, K], [8, 2, 1, 4, 'rope', 3, 6, 16])
  const { batch, epochs, evalEvery, lr, warmup, puzzleLr, weightDecay, ema, loss, puzzleTokens, puzzleDim } =
    file.config
  assert.deepEqual([batch, epochs, evalEvery, lr, warmup, puzzleLr], [768, 50000, 5000, 1e-4, 2000, 1e-4])
  assert.deepEqual([weightDecay, ema, loss, puzzleTokens, puzzleDim], [1, 0.999, 'stablemax', 2, 8])
  assert.deepEqual(file.notes, ['1 tensor of BF16, read as float32', 'stripped from the names: _orig_mod.model.inner.'])
  for (const [name, { shape, data }] of Object.entries(expected.trm)) {
    const tensor = file.tensors.get(name.replace('_orig_mod.model.inner.', ''))
    assert.deepEqual([tensor?.shape, [...tensor!.data]], [shape, data], name)
  }
  assert.equal(shapeOfWeights(file, 16).seqLen, 16)
  assert.throws(() => shapeOfWeights(file), { message: /the length of a puzzle, found none/ })
})

test('weights beside an optimiser and an average: the average is taken, or the live weights where asked', async () => {
  const config = path.join(official, 'nested-config.json')
  const average = await readWeightsFile(path.join(official, 'nested.pt'), { config })
  const live = await readWeightsFile(path.join(official, 'nested.pt'), { config, weights: 'live' })
  assert.deepEqual([average.weights, average.step, live.weights, live.step], ['ema', 9, 'live', 9])
  assert.equal(average.config.model, 'hrm')
  assert.deepEqual([average.config.layers, average.config.layersH, average.sizes.seqLen], [1, 1, 16])
  assert.match(
    average.notes.join('\n'),
    /the weights are under "model"\n.*ignored: "optimizers"\n.*the EMA of the two sets/s,
  )
  for (const [name, { data }] of Object.entries(expected.average))
    assert.deepEqual([...average.tensors.get(name.replace('model.inner.', ''))!.data], data, name)
  for (const [name, { data }] of Object.entries(expected.nested)) {
    const published = name.replace('model.inner.', '')
    assert.deepEqual([...live.tensors.get(published)!.data], data, name)
    // Initial states and the puzzle embedding have no average.
    if (!(name in expected.average)) assert.deepEqual([...average.tensors.get(published)!.data], data, name)
  }
})

test('the official step_120 reads, and what is exported of it has its names and shapes, one rename apart', {
  skip: absent,
}, async () => {
  const file = await readWeightsFile(path.join(golden!, 'step_120'))
  assert.deepEqual([file.format, file.step, file.weights, file.tensors.size], ['pytorch', 120, 'saved', 15])
  assert.deepEqual(file.sizes, { vocabSize: 6, puzzleIdentifiers: 1, seqLen: 16 })
  const out = path.join(folder, 'exported.safetensors')
  writeWeightsFile(out, file)
  const torch = await openTorchFile(path.join(golden!, 'step_120'))
  const shapes = new Map([...(torch.root as PickleDict)].map(([name, value]) => [name, (value as TorchTensor).shape]))
  torch.close()
  const exported = prefixed('_orig_mod.model.inner.', (await readWeightsFile(out)).tensors)
  assert.deepEqual(new Map(exported.map(([name, { shape }]) => [name, shape])), shapes)
  assert.deepEqual(
    [...readSafetensors(out).tensors.values()].map(({ dtype }) => dtype),
    new Array(15).fill('F32'),
  )
})

for (const prefix of ['_orig_mod.model.inner.', 'model.inner.', '_orig_mod.', 'inner.', ''])
  test(`names that begin with ${JSON.stringify(prefix)} are read by their published names`, async () => {
    const tensors = tensorsOf(SMALL)
    const file = await readWeightsFile(fileOf(writeSafetensors(prefixed(prefix, tensors))))
    assertSame(file.tensors, tensors)
    assert.equal(file.notes.includes(`stripped from the names: ${prefix}`), prefix !== '')
  })

/** Names as `torch.compile`, DistributedDataParallel and others leave them, and what is said to be taken off. */
const wrapped: [string, (name: string) => string, string][] = [
  ['the published loss head', (name) => `model.inner.${name}`, 'model.inner.'],
  ['DDP', (name) => `module.model.inner.${name}`, 'module.model.inner.'],
  ['DDP of a compiled model', (name) => `module._orig_mod.model.inner.${name}`, 'module._orig_mod.model.inner.'],
  ['a compiled DDP', (name) => `_orig_mod.module.model.inner.${name}`, '_orig_mod.module.model.inner.'],
  ['DDP between', (name) => `model.module.inner.module.${name}`, 'model.module.inner.module.'],
  ['a leading dot', (name) => `._orig_mod.model.inner.${name}`, '._orig_mod.model.inner.'],
  ['DeepSpeed', (name) => `_forward_module.model.${name}`, '_forward_module.model.'],
  ['blocks compiled one by one', (name) => name.replace('layers.0.', 'layers.0._orig_mod.'), '_orig_mod.'],
  ['an own name for the model', (name) => `net.model.inner.${name}`, 'net.model.inner.'],
  ['an own name inside DDP', (name) => `module.ema_model.inner.${name}`, 'module.ema_model.inner.'],
]
for (const [what, wrap, said] of wrapped)
  test(`names wrapped by ${what} are read from safetensors and .pt alike, and a note says what was taken off`, async () => {
    const right = tensorsOf(SMALL, 4)
    const named = [...right].map(([name, tensor]) => [wrap(name), tensor] as const)
    const storages = named.map(([, { data }], i) => [String(i), new Uint8Array(data.buffer)] as const)
    const pickle = dictionary(named.map(([name, { shape }], i) => [name, pickled({ key: String(i), shape })]))
    for (const bytes of [writeSafetensors(named), torchFile(pickle, Object.fromEntries(storages))]) {
      const file = await readWeightsFile(fileOf(bytes))
      assertSame(file.tensors, right)
      assert.ok(file.notes.includes(`stripped from the names: ${said}`), file.notes.join('\n'))
    }
  })

test('a name before some of a file’s tensors only is not taken off: it may tell two models apart', async () => {
  const one = tensorsOf(SMALL, 4)
  const two = fileOf(writeSafetensors([...prefixed('online.', one), ...prefixed('ema.', one)]))
  await assert.rejects(readWeightsFile(two), /no such tensor among .*ema\./)
  const both = fileOf(writeSafetensors([...prefixed('module.', one), ...one]))
  await assert.rejects(readWeightsFile(both), /expected \S+ once/)
})

test('a run has both sets: the EMA unless the live weights are asked for', async () => {
  const { run, live, ema } = runWithWeights()
  for (const name of [run.id, run.dir, run.id.slice(0, -1), path.join(run.dir, 'checkpoint-000012.safetensors')]) {
    const file = await readWeightsOf(name, { resultsDir: folder })
    assert.deepEqual([file.format, file.weights, file.step], ['recurlab-checkpoint-4', 'ema', 12], name)
    assert.deepEqual([file.dataHash, file.sizes], ['abc123', SIZES])
    assertSame(file.tensors, ema)
    assert.deepEqual(shapeOfWeights(file), shapeOf(SMALL))
  }
  const file = await readWeightsOf(run.id, { resultsDir: folder, weights: 'live' })
  assert.equal(file.weights, 'live')
  assertSame(file.tensors, live)
})

test('weights without a configuration take the one in the config.json of the run beside them', async () => {
  const { run, live } = runWithWeights()
  const { tensors } = readSafetensors(path.join(run.dir, 'checkpoint-000012.safetensors'))
  const file = path.join(run.dir, 'live.safetensors')
  const plain = [...tensors].filter(([name]) => !name.includes('/'))
  writeFileSync(file, Buffer.concat(safetensorsPieces(plain, {})))
  const read = await readWeightsFile(file)
  assert.equal(read.configFrom, path.join(run.dir, 'config.json'))
  assert.deepEqual(shapeOfWeights(read, SIZES.seqLen), shapeOf(SMALL))
  assertSame(read.tensors, live)
})

test('what is exported of a run is imported bit for bit, and exported again it is the same file', async () => {
  for (const weights of ['ema', 'live'] as const) {
    const { run } = runWithWeights()
    const file = await readWeightsOf(run.dir, { weights })
    const out = path.join(folder, `${weights}.safetensors`)
    writeWeightsFile(out, file)
    const again = await readWeightsFile(out)
    assertSame(again.tensors, file.tensors)
    assert.equal(again.format, 'recurlab-weights-2')
    const { config, sizes, dataHash, step } = file
    assert.deepEqual(
      [again.config, again.sizes, again.dataHash, again.step, again.weights],
      [config, sizes, dataHash, step, weights],
    )
    writeWeightsFile(`${out}.2`, again)
    assert.deepEqual(readFileSync(`${out}.2`), readFileSync(out))
  }
})

test('an exported file is plain safetensors with the published names', async () => {
  const { run } = runWithWeights()
  const out = path.join(folder, 'plain.safetensors')
  writeWeightsFile(out, await readWeightsOf(run.dir))
  const { tensors, metadata } = readSafetensors(out)
  assert.deepEqual(
    new Map([...tensors].map(([name, { shape }]) => [name, shape])),
    new Map([...tensorShapes(shapeOf(SMALL))].sort(([a], [b]) => (a < b ? -1 : 1))),
  )
  assert.deepEqual([metadata.format, metadata.step, metadata.dataHash], ['recurlab-weights-2', '12', 'abc123'])
})

for (const how of ['once', 'for good'] as const)
  test(`whichever file operation of an export fails ${how}, the old file or the new is there, whole`, async () => {
    const { run } = runWithWeights()
    const [before, after] = [await readWeightsOf(run.dir, { weights: 'live' }), await readWeightsOf(run.dir)]
    const out = path.join(folder, `failing ${how}.safetensors`)
    for (let n = 0; ; n++) {
      writeWeightsFile(out, before)
      const { operations, error } = withFailure(n, how, () => writeWeightsFile(out, after))
      const { tensors, weights } = await readWeightsFile(out)
      assertSame(tensors, weights === 'ema' ? after.tensors : before.tensors)
      if (error === null) assert.equal(weights, 'ema')
      else assert.equal((error as Error).name, 'UserError')
      if (operations <= n) break
    }
  })

const variants: fc.Arbitrary<ConfigInput> = fc
  .record({
    kind: fc.constantFrom('two', 'single', 'multi', 'separate', 'multi separate', 'hrm', 'direct'),
    mixer: fc.constantFrom('attention', 'mlp'),
    hidden: fc.constantFrom(4, 8, 12),
    heads: fc.constantFrom(1, 2),
    layers: fc.integer({ min: 1, max: 3 }),
    layersH: fc.integer({ min: 1, max: 2 }),
    expansion: fc.constantFrom(1, 4, 33.5, 60),
    positions: fc.constantFrom(null, 'learned', 'none'),
    n: fc.integer({ min: 1, max: 3 }),
    puzzleTokens: fc.nat(3),
    puzzleDim: fc.constantFrom(null, 0),
  })
  .map(({ kind, n, layersH, ...shared }): ConfigInput => {
    const puzzle = { puzzleDim: shared.puzzleDim, puzzleTokens: shared.puzzleDim === 0 ? 0 : shared.puzzleTokens }
    const config = { ...shared, ...puzzle, K: 2 } as ConfigInput
    if (kind === 'direct') return { ...config, model: 'direct', puzzleTokens: 0 }
    if (kind === 'hrm') return { ...config, model: 'hrm', layersH, T: 2, n, puzzleTokens: 0 }
    const separate = kind.endsWith('separate')
    const latents = kind.startsWith('multi') ? 'multi' : kind === 'single' ? 'single' : 'two'
    return { ...config, model: 'trm', latents, T: 2, n, ...(separate ? { networks: 'separate', layersH } : {}) }
  })

test('tensors and configuration together give back the model, whichever it is', () => {
  fc.assert(
    fc.property(variants, (config) => {
      const shape = shapeOf(config)
      const shapes = new Map([...tensorShapes(shape)].map(([name, size]) => [name, { shape: size }]))
      const whole = completeConfig(parseConfig(config), SIZES, factsOfTensors(shapes, 'x'), 'x')
      assert.deepEqual(whole.sizes, SIZES)
      assert.deepEqual(configuredShape(resolveConfig(parseConfig(whole.config)), SIZES), shape)
    }),
    { numRuns: 300 },
  )
})

test('tensors alone tell everything that has a size, but for a TRM with separate networks, which is taken for HRM', () => {
  fc.assert(
    fc.property(variants, (config) => {
      fc.pre(config.networks !== 'separate')
      const shape = shapeOf(config)
      const shapes = new Map([...tensorShapes(shape)].map(([name, size]) => [name, { shape: size }]))
      const { config: found } = completeConfig({}, SIZES, factsOfTensors(shapes, 'x'), 'x')
      assert.equal(swigluInner(shape.hidden, found.expansion!), swigluInner(shape.hidden, shape.expansion))
      const told = [found.mixer, found.hidden, found.layers, found.puzzleDim, found.latents ?? null]
      const latents = shape.model === 'trm' ? shape.latents : null
      assert.deepEqual(told, [shape.mixer, shape.hidden, shape.layers, shape.puzzleDim, latents])
      assert.equal(found.model, shape.model)
      assert.equal(found.positions === 'learned', shape.positions === 'learned')
    }),
    { numRuns: 200 },
  )
})

test('a puzzle embedding is resized only as asked, and what was done is said', () => {
  const tensors = tensorsOf(SMALL)
  const old = tensors.get('puzzle_emb.weights')!.data
  const mean = fitPuzzleTable(tensors, 5, 'mean')
  const table = mean.tensors.get('puzzle_emb.weights')!
  assert.deepEqual(table.shape, [5, 4])
  for (let i = 0; i < 20; i++) {
    const column = i % 4
    assert.equal(table.data[i], Math.fround((old[column]! + old[column + 4]! + old[column + 8]!) / 3))
  }
  assert.match(mean.note, /3 rows replaced by 5, each the mean of the 3/)
  const zero = fitPuzzleTable(tensors, 2, 'zero')
  assert.deepEqual([...zero.tensors.get('puzzle_emb.weights')!.data], new Array(8).fill(0))
  assert.match(zero.note, /3 rows replaced by 2, all of them zero/)
  const blank = fitPuzzleTable(tensors, 3, 'zero')
  assert.ok(blank.tensors.get('puzzle_emb.weights')!.data.every((value) => value === 0))
  assert.match(blank.note, /3 rows replaced by 3, all of them zero/)
  assert.equal(mean.tensors.get('lm_head.weight'), tensors.get('lm_head.weight'))
  const without = tensorsOf({ ...SMALL, puzzleDim: 0, puzzleTokens: 0 })
  assert.throws(() => fitPuzzleTable(without, 5, 'mean'), { message: /a puzzle embedding to resize, found none/ })
})

test('a configuration found beside plain safetensors is used, one that is named comes first', async () => {
  const dir = temporaryFolder()
  const file = path.join(dir, 'w.safetensors')
  writeFileSync(file, Buffer.concat(safetensorsPieces(tensorsOf(SMALL))))
  assert.equal((await readWeightsFile(file)).configFrom, null)
  cpSync(path.join(official, 'nested-config.json'), path.join(dir, 'config.json'))
  await assert.rejects(readWeightsFile(file), {
    message: /config\.json, key num_puzzle_identifiers: expected .* 3.*found 2/,
  })
  writeFileSync(path.join(dir, 'own.json'), JSON.stringify({ heads: 1, T: 4, somethingNew: 1 }))
  const read = await readWeightsFile(file, { config: path.join(dir, 'own.json') })
  assert.deepEqual([read.config.heads, read.config.T], [1, 4])
  assert.ok(read.notes.includes('somethingNew: unknown and ignored'))
})
