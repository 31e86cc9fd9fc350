import assert from 'node:assert/strict'
import { test } from 'node:test'
import { differingKeys, effectiveConfig, effectiveValue } from '../../lib/config/effective.js'
import { haltExploration, modelKeys } from '../../lib/config/model-keys.js'
import { parseConfig } from '../../lib/config/parse.js'
import type { Config, ConfigInput } from '../../lib/config/schema.js'
import { preset, presets } from '../../lib/tasks/presets.js'
import fc from '../fast-check.js'

const of = (input: ConfigInput): Config => effectiveConfig(parseConfig(input))

test('an effective configuration holds every value that is used; null stands where a key does not apply', () => {
  const { latents, networks, gradient, halting, layersH, positions, puzzleTokens, puzzleDim, T, n } = of({ hidden: 32 })
  assert.deepEqual(
    [latents, networks, gradient, halting, layersH, positions, puzzleTokens, puzzleDim, T, n],
    ['two', 'shared', 'full', 'halt', null, 'none', 1, 32, 3, 6],
  )
  const { haltExploration, evalSupervisionSteps, puzzleLr, puzzleWeightDecay } = of({
    K: 5,
    lr: 0.5,
    weightDecay: 0.25,
  })
  assert.deepEqual([haltExploration, evalSupervisionSteps, puzzleLr, puzzleWeightDecay], [0.1, 5, 0.5, 0.25])
  const hrm = of({ model: 'hrm', mixer: 'attention', layers: 3 })
  assert.deepEqual(
    [hrm.latents, hrm.networks, hrm.halting, hrm.layersH, hrm.positions, hrm.T, hrm.n],
    [null, null, 'continue', 3, 'rope', 2, 2],
  )
  const direct = of({ model: 'direct', puzzleDim: 0, halting: 'none' })
  assert.deepEqual(
    [direct.latents, direct.halting, direct.T, direct.n, direct.puzzleTokens, direct.puzzleLr, direct.haltExploration],
    [null, 'none', 1, null, 0, null, 0],
  )
  assert.equal(of({ model: 'direct' }).halting, 'compare')
})

const any = <T>(...values: T[]): fc.Arbitrary<T | null> => fc.constantFrom(...values, null)
const inputs = fc.record({
  model: fc.constantFrom('trm' as const, 'hrm' as const, 'direct' as const),
  latents: any('two' as const, 'single' as const, 'multi' as const),
  networks: any('shared' as const, 'separate' as const),
  gradient: any('full' as const, 'one-step' as const),
  halting: any('halt' as const, 'continue' as const, 'compare' as const, 'none' as const),
  mixer: fc.constantFrom('mlp' as const, 'attention' as const),
  positions: any('rope' as const, 'learned' as const, 'none' as const),
  layersH: any(1, 2),
  puzzleTokens: fc.constantFrom(0, 1, 3),
  puzzleDim: any(0, 64, 100),
  T: any(1, 3),
  n: any(1, 6),
  K: fc.constantFrom(1, 8),
  haltExploration: any(0, 0.1, 0.5),
  puzzleLr: any(0, 0.5),
})

test('an effective configuration reads back as itself and means what the one that was asked for means', () => {
  fc.assert(
    fc.property(inputs, (input) => {
      let config: Config
      try {
        config = parseConfig(input)
      } catch {
        return
      }
      const effective = effectiveConfig(config)
      assert.deepEqual(parseConfig(JSON.parse(JSON.stringify(effective)) as ConfigInput), effective)
      assert.deepEqual(effectiveConfig(effective), effective)
      assert.deepEqual(modelKeys(effective), modelKeys(config))
      assert.equal(haltExploration(effective), haltExploration({ ...config, halting: effective.halting }))
    }),
    { numRuns: 2000 },
  )
})

test('the effective configuration of every preset reads back as itself', () => {
  for (const name of Object.keys(presets)) {
    const effective = of(preset(name))
    assert.deepEqual(parseConfig(effective), effective, name)
  }
})

test('keys differ where the values that are used do, apart from those that follow from others', () => {
  const differing = (...inputs: ConfigInput[]) => differingKeys(inputs.map((input) => parseConfig(input)))
  assert.deepEqual(differing({}, { T: 3, n: null, halting: 'halt', puzzleTokens: 1 }), [])
  assert.deepEqual(differing({ lr: 1 }, { lr: 2 }), ['lr'])
  assert.deepEqual(differing({ lr: 1 }, { lr: 2, puzzleLr: 3 }), ['lr', 'puzzleLr'])
  assert.deepEqual(differing({ hidden: 32 }, { hidden: 64 }), ['hidden'])
  assert.deepEqual(differing({ K: 2 }, { K: 4 }), ['K'])
  assert.deepEqual(differing({}, { model: 'hrm' }, { model: 'direct' }), ['model'])
  assert.deepEqual(differing({ mixer: 'mlp' }, { mixer: 'attention' }), ['mixer'])
  assert.deepEqual(differing({}, { T: 2 }), ['T'])
  assert.deepEqual(
    [effectiveValue(parseConfig({}), 'n'), effectiveValue(parseConfig({ model: 'direct' }), 'n')],
    [6, null],
  )
})
