import assert from 'node:assert/strict'
import { test } from 'node:test'
import { haltExploration, modelKeys } from '../../lib/config/model-keys.js'
import { configFromText, parseConfig } from '../../lib/config/parse.js'
import type { ConfigInput } from '../../lib/config/schema.js'
import fc from '../fast-check.js'

const refused = (input: ConfigInput, message: RegExp): void =>
  assert.throws(() => parseConfig(input), { name: 'UserError', message, exitCode: 2 })

test('a model’s own choices stand where its keys are left open', () => {
  const chosen = (input: ConfigInput) => {
    const { latents, networks, gradient, halting, T, n, layersH } = modelKeys(parseConfig(input))
    return [latents, networks, gradient, halting, T, n, layersH]
  }
  assert.deepEqual(chosen({}), ['two', 'shared', 'full', 'halt', 3, 6, 2])
  assert.deepEqual(chosen({ model: 'hrm', layers: 4 }), ['two', 'separate', 'one-step', 'continue', 2, 2, 4])
  assert.deepEqual(chosen({ model: 'direct' }), ['single', 'shared', 'full', 'compare', 1, 0, 2])
  assert.deepEqual(chosen({ networks: 'separate', layersH: 1, halting: 'continue', gradient: 'one-step' }), [
    'two',
    'separate',
    'one-step',
    'continue',
    3,
    6,
    1,
  ])
})

test('keys that a model does not use are refused by name, with why and what to do', () => {
  for (const model of ['hrm', 'direct'] as const) {
    refused({ model, latents: 'two' }, /key latents: expected nothing, as it would have no effect/)
    refused({ model, networks: 'separate' }, /key networks: .*found separate/)
    refused({ model, gradient: 'one-step' }, /key gradient: .*Leave it out, or set it to null/)
    refused(
      { model, puzzleTokens: 16 },
      /key puzzleTokens: .*ceil\(puzzleDim \/ hidden\), here 1, found 16.*set it to 0/,
    )
  }
  refused({ model: 'direct', n: 6 }, /key n: .*no latent beside the answer, found 6/)
  refused({ model: 'direct', T: 3 }, /key T: .*one update per supervision step, found 3/)
  refused({ model: 'direct', layersH: 2 }, /key layersH: .*one network/)
  refused({ layersH: 2 }, /key layersH/)
  refused({ networks: 'shared', layersH: 2 }, /key layersH/)
  refused({ mixer: 'mlp', positions: 'rope' }, /key positions: .*mixer=attention, found rope/)
  refused({ halting: 'none', haltExploration: 0.1 }, /key haltExploration: .*every row takes K steps/)
})

test('values that say what is so anyway are taken', () => {
  assert.equal(modelKeys(parseConfig({ model: 'direct', T: 1 })).T, 1)
  assert.equal(modelKeys(parseConfig({ model: 'hrm', hidden: 8, puzzleDim: 20, puzzleTokens: 3 })).puzzleTokens, 3)
  assert.equal(parseConfig({ halting: 'none', haltExploration: 0 }).haltExploration, 0)
})

test('combinations without a meaning are refused by name', () => {
  refused({ latents: 'single', networks: 'separate' }, /key networks: expected shared with latents=single/)
  refused({ halting: 'continue', K: 1 }, /key halting: .*K=1.*found continue/)
  refused({ freeze: true, puzzleDim: 0 }, /key freeze: .*nothing would be trained/)
})

test('a configuration that is taken stays taken, and means the same, when it is stored and read again', () => {
  const any = <T>(...values: T[]): fc.Arbitrary<T | null> => fc.constantFrom(...values, null)
  const inputs = fc.record({
    model: fc.constantFrom('trm' as const, 'hrm' as const, 'direct' as const),
    latents: any('two' as const, 'single' as const, 'multi' as const),
    networks: any('shared' as const, 'separate' as const),
    gradient: any('full' as const, 'one-step' as const),
    halting: any('halt' as const, 'continue' as const, 'none' as const),
    layersH: any(1, 3),
    T: any(1, 2),
    n: any(1, 2),
    K: fc.constantFrom(1, 4),
    puzzleTokens: fc.constantFrom(0, 1, 2),
    puzzleDim: any(0, 64),
    freeze: fc.boolean(),
  })
  let taken = 0
  fc.assert(
    fc.property(inputs, (input) => {
      let config: ReturnType<typeof parseConfig>
      try {
        config = parseConfig(input)
      } catch {
        return
      }
      taken++
      const again = parseConfig(JSON.parse(JSON.stringify(config)) as ConfigInput)
      assert.deepEqual(modelKeys(again), modelKeys(config))
      for (const [key, value] of Object.entries(input))
        if (value !== null && key in modelKeys(config) && !(key === 'puzzleTokens' && value === 0))
          assert.equal(modelKeys(config)[key as keyof ReturnType<typeof modelKeys>], value, `${key} was given in vain`)
    }),
    { numRuns: 3000 },
  )
  assert.ok(taken > 50, `${taken} taken`)
})

test('exploration is 0.1 unless it is said otherwise, and none where rows do not choose when to halt', () => {
  assert.equal(haltExploration(parseConfig({})), 0.1)
  assert.equal(haltExploration(parseConfig({ haltExploration: 0 })), 0)
  assert.equal(haltExploration(parseConfig({ halting: 'none' })), 0)
})

test('words on the command line become true and false', () => {
  assert.deepEqual(configFromText(new Map([['freeze', 'true']])), { freeze: true })
  assert.equal(parseConfig(configFromText(new Map([['freeze', 'false']]))).freeze, false)
})
