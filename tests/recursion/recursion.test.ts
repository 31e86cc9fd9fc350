import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configIdentity, differingKeys, effectiveConfig, recursionText } from '../../lib/config/effective.js'
import { configFromText, parseConfig } from '../../lib/config/parse.js'
import { UserError } from '../../lib/errors.js'
import { expandGrid } from '../../lib/experiment/sweep/grid.js'
import {
  type AnyUpdate,
  ablationConfig,
  ablationNamed,
  type ConfigInput,
  direct,
  hrm,
  preset,
  presets,
  pseudocode,
  pseudocodeLines,
  recursion,
  refineAnswer,
  refineLatent,
  repeat,
  trm,
  trmMulti,
  trmSingle,
  type Update,
} from '../../lib/index.js'

const oneLatent: Update = ({ net }, x, { y, z }) => ({ z: net(z, x), y: net(z, y) })
const oneTwice = [oneLatent, oneLatent]
const byHand = (T: number, n: number): AnyUpdate[] =>
  repeat(T, [
    ...repeat(n, [({ net }, x, { y, z }) => ({ z: net(z, y, x) })]),
    ({ net }, _, { y, z }) => ({ y: net(z, y) }),
  ])

/** The message of what is refused. */
function refusal(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    assert.ok(error instanceof UserError, String(error))
    return error.message
  }
  assert.fail('nothing was refused')
}

test('pseudocode folds what is repeated, and names a state that is used twice', () => {
  assert.equal(pseudocode(trm(3, 6)), '3 × (6 × z ← net(z + y + x); y ← net(y + z))')
  assert.equal(pseudocode(trm(3, 6), 'separate'), '3 × (6 × z ← net(z + y + x); y ← netY(y + z))')
  assert.equal(pseudocode(trmSingle(2, 4)), '2 × (4 × z ← net(z + x); z ← net(z))')
  assert.equal(
    pseudocode(trmMulti(2, 2)),
    '2 × (z1 ← net((z1 + z2) + y + x); z2 ← net((z1 + z2) + y + x); y ← net(y + (z1 + z2)))',
  )
  assert.equal(pseudocode(direct), 'y ← net(y + x)')
  assert.equal(pseudocode(recursion(oneTwice)), '2 × (y, z ← net(z + y), net(z + x))')
  const shared: Update = ({ net }, x, { y, z }) => {
    const seen = net(z, x)
    return { z: seen, y: net(seen, y) }
  }
  assert.equal(pseudocode(recursion(repeat(4, [shared]))), '4 × (a ← net(z + x); y, z ← net(a + y), a)')
  const twice = recursion(repeat(3, [...repeat(6, [refineLatent]), refineAnswer, refineAnswer]))
  assert.equal(pseudocode(twice), '3 × (6 × z ← net(z + y + x); 2 × y ← net(y + z))')
  assert.deepEqual(pseudocodeLines(trm(3, 6)), ['3 times:', '  6 times:', '    z ← net(z + y + x)', '  y ← net(y + z)'])
})

test('a list made by repeat carries gradient in its last repetition, another list in all of its updates', () => {
  assert.equal(recursion(repeat(3, [refineLatent, refineLatent, refineAnswer])).gradientUpdates, 3)
  assert.equal(recursion([...repeat(3, [refineLatent, refineAnswer])]).gradientUpdates, 6)
  assert.equal(recursion(repeat(3, [refineLatent, refineAnswer]), { gradientUpdates: 4 }).gradientUpdates, 4)
  assert.deepEqual(
    [trm(3, 6).gradientUpdates, trm(3, 6, 'one-step').gradientUpdates, hrm(2, 2).gradientUpdates],
    [7, 2, 2],
  )
})

test('latents beside y and z are those that updates return, and the answer is y, or z without y', () => {
  const remember: Update<'m'> = ({ net }, x, { z, m }) => ({ m: net(m, z, x) })
  const answer: Update<'m'> = ({ net }, _, { y, m }) => ({ y: net(y, m) })
  const withMemory = recursion([refineLatent, remember, answer])
  assert.deepEqual(withMemory.latents, ['y', 'z', 'm'])
  assert.equal(pseudocode(withMemory), 'z ← net(z + y + x); m ← net(m + z + x); y ← net(y + m)')
  assert.deepEqual(trmSingle(1, 1).latents, ['z'])
  assert.deepEqual(trmMulti(1, 3).latents, ['y', 'z1', 'z2', 'z3'])
})

test('an update that does anything but assignments is named by its place, in one sentence', () => {
  const at = (update: unknown): string => refusal(() => recursion([refineLatent, refineAnswer, update as AnyUpdate]))
  const untyped =
    (work: (networks: { net: (...all: unknown[]) => unknown }, x: unknown, z: unknown) => unknown): unknown =>
    (networks: never, x: unknown, { z }: { z: unknown }) =>
      work(networks, x, z)
  assert.match(
    at(untyped((_, __, z) => ({ z: (z as { mul: (n: number) => unknown }).mul(2) }))),
    /^update 3 of the recursion: expected only net, netY and plus .*, found an error: z\.mul is not a function\./,
  )
  assert.match(
    at(untyped(({ net }, _, z) => ({ z: net(`${z}`) }))),
    /^update 3 .*: expected net of x, latents, and results of net, netY and plus, found the string/,
  )
  assert.match(at(untyped(({ net }, _, z) => ({ z: net(z, undefined) }))), /found nothing \(undefined\)/)
  assert.match(
    at(untyped(({ net }, x, z) => ({ z: net(z, x, z, x) }))),
    /expected net of one to three hidden states, found 4\./,
  )
  assert.match(
    at(untyped(() => ({}))),
    /expected an update that changes a latent.*, found one that returns none changed/,
  )
  assert.match(at(untyped((_, __, z) => ({ z }))), /found one that returns none changed/)
  assert.match(at(untyped((_, __, z) => z)), /expected an object of latents.*, found a hidden state/)
  assert.match(at(untyped(({ net }, _, z) => net(z))), /expected an object of latents/)
  assert.match(
    at(untyped(() => ({ z: 3 }))),
    /expected z to be set to x, a latent, or a result of net, netY or plus, found the number 3/,
  )
  assert.match(
    at(async () => ({})),
    /found a promise/,
  )
  const typo: AnyUpdate = ({ net }, x, { y, memroy }) => ({ y: net(y, memroy, x) })
  const remember: AnyUpdate = ({ net }, x, { memory }) => ({ memory: net(memory!, x) })
  assert.match(
    refusal(() => recursion([remember, typo])),
    /^update 2 of the recursion: expected latents that an update sets \(y, memory\), found memroy\. Did you mean memory\?/,
  )
})

test('a recursion without an effect is refused: latents never set or used, an answer without gradient, puzzle or network', () => {
  assert.match(
    refusal(() => recursion([])),
    /expected a list of updates.*, found an empty one/,
  )
  assert.match(
    refusal(() => recursion(refineLatent as never)),
    /found one update alone/,
  )
  assert.match(
    refusal(() => recursion([[refineLatent]] as never)),
    /found a list as update 1 \(spread it/,
  )
  assert.match(
    refusal(() => recursion([refineAnswer])),
    /expected latents that an update sets \(y\), found z/,
  )
  const idle: AnyUpdate = ({ net }, x, { y, z }) => ({ idle: net(z, x), y: net(y, x) })
  assert.match(
    refusal(() => recursion([refineLatent, idle])),
    /latent idle: expected an update that uses it, found none/,
  )
  assert.match(
    refusal(() => recursion([refineAnswer, refineLatent], { gradientUpdates: 1 })),
    /answer y: expected a network call in the updates with gradient \(the last 1\), found none/,
  )
  assert.match(
    refusal(() => recursion([refineLatent, refineAnswer], { gradientUpdates: 1 })),
    /answer y: expected the puzzle x as an input of the updates.*, found an answer that does not depend on x\. Raise gradientUpdates/,
  )
  for (const gradientUpdates of [0, 3, 1.5])
    assert.match(
      refusal(() => recursion([refineLatent, refineAnswer], { gradientUpdates })),
      /gradientUpdates: expected a whole number from 1 to 2/,
    )
  assert.match(
    refusal(() => recursion([refineLatent], { withGradient: 1 } as never)),
    /expected an option of name, latents, gradientUpdates, found withGradient/,
  )
  assert.match(
    refusal(() => recursion([({ net }, x, { m }) => ({ m: net(m!, x) })])),
    /the answer y first, or z if there is no y/,
  )
  assert.match(
    refusal(() => recursion([refineLatent, refineAnswer], { name: '\u0007' })),
    /a text of 1 to 80 characters/,
  )
  assert.match(
    refusal(() => repeat(1.5, [refineLatent])),
    /repeat: expected a whole number of times, found 1\.5/,
  )
  assert.match(
    refusal(() => repeat(1e7, [refineLatent])),
    /at most 1001000 updates/,
  )
})

test('a configuration holds a recursion as plain data, which reads back as itself', () => {
  const config = effectiveConfig(parseConfig({ recursion: byHand(3, 6) }))
  assert.deepEqual([config.T, config.n, config.latents, config.gradient], [null, null, null, null])
  assert.deepEqual(config.recursion, {
    latents: ['y', 'z'],
    updates: [
      { assignments: [{ net: 'net', addends: [2, 1, 0] }], latents: { z: 3 } },
      { assignments: [{ net: 'net', addends: [2, 1] }], latents: { y: 3 } },
    ],
    order: [0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1],
    gradientUpdates: 7,
  })
  assert.deepEqual(parseConfig(JSON.parse(JSON.stringify(config)) as ConfigInput), config)
})

test('hostile and wrong data in the place of a recursion are refused by where they are wrong', () => {
  const good = JSON.parse(JSON.stringify(trm(1, 1))) as Record<string, unknown>
  const refused = (change: object): string => refusal(() => parseConfig({ recursion: { ...good, ...change } as never }))
  assert.match(refused({ order: [0, 5] }), /order: expected indices of 2 updates, from 0, found 5/)
  assert.match(refused({ latents: ['y', 'x'] }), /another name than x/)
  assert.match(refused({ latents: ['y', '__proto__'] }), /begin with a small letter/)
  assert.match(refused({ latents: ['y', 'y', 'z'] }), /every latent once/)
  assert.match(refused({ more: 1 }), /Unrecognized key/)
  assert.match(
    refused({ updates: [{ assignments: [{ net: 'net', addends: [9] }], latents: { y: 3 } }] }),
    /updates\.0\.assignments\.0: expected addends computed before, below 3, found 9/,
  )
  assert.match(
    refused({ updates: [{ assignments: [], latents: { y: 7 } }] }),
    /updates\.0\.latents\.y: expected a state below 3/,
  )
  for (const other of [3, 'trm', true, refineLatent])
    assert.match(
      refusal(() => parseConfig({ recursion: other as never })),
      /key recursion: expected a list of updates/,
    )
})

test('two recursions that do the same are the same, whatever their names and however they are written', () => {
  const identity = (input: ConfigInput): unknown => configIdentity(parseConfig(input))
  const base = { T: 3, n: 6 }
  assert.deepEqual(identity({ recursion: byHand(3, 6) }), identity(base))
  assert.deepEqual(identity({ recursion: trm(3, 6, 'one-step') }), identity({ ...base, gradient: 'one-step' }))
  assert.deepEqual(identity({ recursion: trmSingle(2, 3) }), identity({ T: 2, n: 3, latents: 'single' }))
  assert.deepEqual(identity({ recursion: trmMulti(2, 3) }), identity({ T: 2, n: 3, latents: 'multi' }))
  assert.deepEqual(identity({ model: 'hrm', recursion: hrm(2, 2) }), identity({ model: 'hrm' }))
  assert.deepEqual(
    identity({ networks: 'separate', recursion: trm(2, 2) }),
    identity({ networks: 'separate', T: 2, n: 2 }),
  )
  // One update that does the work of two.
  const both: Update = ({ net }, x, { y, z }) => {
    const next = net(z, x, y)
    return { z: next, y: net(y, next) }
  }
  assert.deepEqual(identity({ recursion: repeat(2, [both]) }), identity({ T: 2, n: 1 }))
  const named = (name: string): unknown => identity({ recursion: recursion([oneLatent, oneLatent], { name }) })
  assert.deepEqual(named('a'), named('b'))
  assert.notDeepEqual(identity({ recursion: oneTwice }), identity({ recursion: [...oneTwice, oneLatent] }))
  assert.notDeepEqual(
    identity({ recursion: recursion([...oneTwice, oneLatent], { gradientUpdates: 2 }) }),
    identity({ recursion: [...oneTwice, oneLatent] }),
  )
  // With networks of their own, an answer by the network for z is another recursion.
  assert.notDeepEqual(
    identity({ networks: 'separate', recursion: [...repeat(2, [refineLatent]), refineAnswer, oneLatent] }),
    identity({ networks: 'separate', T: 2, n: 2 }),
  )
})

test('runs differ in their recursion, not in the keys that it replaces', () => {
  const configs = [{ T: 3, n: 6 }, { recursion: oneTwice }, { recursion: trm(3, 6) }].map((c) => parseConfig(c))
  assert.deepEqual(differingKeys(configs), ['recursion'])
  assert.deepEqual(differingKeys([configs[0]!, configs[2]!]), [])
  assert.deepEqual(differingKeys([parseConfig({ T: 2 }), ...configs]), ['recursion', 'T'])
  assert.deepEqual(configs.map(recursionText), [
    'trm(3, 6)',
    '2 × (y, z ← net(z + y), net(z + x))',
    '3 × (6 × z ← net(z + y + x); y ← net(y + z))',
  ])
})

test('keys that a recursion replaces are refused beside it, but for the T and n of a preset', () => {
  assert.equal(parseConfig({ ...preset('sudoku-pocket'), recursion: oneTwice }).T, null)
  assert.equal(parseConfig({ ...preset('sudoku-pocket', { T: 5 }), recursion: oneTwice }).T, null)
  assert.equal(parseConfig({ ...presets['sudoku-pocket']!.config, recursion: oneTwice }).n, null)
  assert.equal(preset('sudoku-pocket', { recursion: oneTwice }).T, undefined)
  for (const [key, given] of [
    ['T', { T: 1, recursion: oneTwice }],
    ['n', { n: 6, recursion: oneTwice }],
    ['T', { ...preset('sudoku-pocket'), T: 7, recursion: oneTwice }],
    ['n', preset('sudoku-pocket', { n: 1, recursion: oneTwice })],
    ['T', { ...preset('sudoku-pocket', { recursion: oneTwice }), T: 2 }],
  ] as const)
    assert.match(
      refusal(() => parseConfig(given)),
      new RegExp(`key ${key}: expected nothing beside recursion, which replaces it, found \\d. Leave one of them out.`),
    )
  assert.match(
    refusal(() => parseConfig({ latents: 'two', recursion: oneTwice })),
    /key latents: expected nothing beside recursion/,
  )
  assert.match(
    refusal(() => parseConfig({ gradient: 'full', recursion: oneTwice })),
    /key gradient/,
  )
  assert.match(
    refusal(() => parseConfig({ model: 'direct', T: 1, recursion: oneTwice })),
    /null with model=direct/,
  )
  assert.match(
    refusal(() => parseConfig({ networks: 'separate', recursion: oneTwice })),
    /key recursion: expected updates with gradient that use both networks, net and netY, as there are two, found none that uses netY/,
  )
  assert.match(
    refusal(() =>
      configFromText(
        new Map([
          ['recursion', 'r.json'],
          ['T', '3'],
        ]),
      ),
    ),
    /key T: expected nothing beside recursion, which replaces it, found 3/,
  )
  assert.match(
    refusal(() => configFromText(new Map([['recursion', '/nowhere/r.json']]))),
    /\/nowhere\/r\.json/,
  )
})

test('a recursion in a grid or over a row of a table replaces T and n below it, and is refused beside T in the grid', () => {
  const base = { T: 1, n: 1, latents: 'two' } as const
  const rows = expandGrid(base, { recursion: { paper: null, mine: oneTwice } }).map(({ input }) => parseConfig(input))
  assert.deepEqual(
    rows.map(({ T, n, latents }) => [T, n, latents]),
    [
      [1, 1, 'two'],
      [null, null, null],
    ],
  )
  for (const grid of [
    { T: [1, 2], recursion: [oneTwice] },
    { recursion: [oneTwice], T: [1, 2] },
  ])
    assert.match(
      refusal(() => parseConfig(expandGrid({}, grid)[0]!.input)),
      /key T: expected nothing beside recursion/,
    )
  const row = ablationNamed('TRM, no EMA')
  const changes = { recursion: oneTwice }
  assert.equal(parseConfig(ablationConfig(row, { over: preset('sudoku-pocket', changes), changes })).T, null)
  assert.equal(parseConfig(ablationConfig(row, { over: preset('sudoku-pocket', changes) })).recursion, null)
})
