import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configFromText, parseConfig } from '../../lib/config/parse.js'
import { configSchema } from '../../lib/config/schema.js'
import { checkDataKeys } from '../../lib/tasks/data-keys.js'
import { glossary } from '../../lib/tasks/glossary.js'
import { preset, presets } from '../../lib/tasks/presets.js'

const refused = (input: Record<string, unknown>, message: RegExp): void =>
  assert.throws(() => parseConfig(input), { name: 'UserError', message, exitCode: 2 })

test('an unknown key names the nearest one', () => {
  refused({ hiden: 64 }, /key hiden: .*Did you mean hidden\?/)
  refused({ steps: 9 }, /key steps: .*Did you mean trainSteps\?/)
  refused({ evalSteps: 9 }, /key evalSteps: .*Did you mean evalSupervisionSteps\?/)
  refused({ learningrate_of_things: 1 }, /expected a key of the configuration.*The keys are task, data/)
})

test('a value out of range or of another type says what the key takes', () => {
  refused({ layers: 0 }, /key layers: expected at least 1 .*, found 0/)
  refused({ lr: 'fast' }, /key lr: expected a number .*, found "fast"/)
  refused({ mixer: 'conv' }, /key mixer: expected one of mlp, attention .*, found "conv"/)
  refused({ T: 2.5 }, /key T: expected a whole number .*, found 2\.5/)
  refused({ augment: 'sometimes' }, /key augment: expected one of fresh or a number/)
})

test('trainSteps and epochs exclude each other', () => {
  refused({ trainSteps: 10, epochs: 10 }, /either trainSteps or epochs/)
  assert.equal(parseConfig({ epochs: 7 }).trainSteps, null)
  assert.equal(parseConfig({}).trainSteps, 300)
})

test('hostile keys are unknown keys', () => {
  refused(JSON.parse('{"__proto__": 1}') as Record<string, unknown>, /__proto__/)
  refused({ constructor: 1 }, /constructor/)
  assert.throws(() => configFromText(new Map([['toString', '1']])), /key toString/)
})

test('texts of the command line become numbers, null and words', () => {
  const texts = new Map(
    Object.entries({ lr: '1e-4', mixer: 'attention', epochs: 'null', augment: 'fresh', data: '42' }),
  )
  assert.deepEqual(configFromText(texts), { lr: 1e-4, mixer: 'attention', epochs: null, augment: 'fresh', data: '42' })
})

test('a key whose default follows from another stays open, so that runs do not seem to differ in it', () => {
  const config = parseConfig({ mixer: 'attention', lr: 0.5 })
  assert.deepEqual([config.positions, config.puzzleDim, config.puzzleLr], [null, null, null])
})

test('a parsed configuration parses to itself', () => {
  for (const name of Object.keys(presets)) {
    const config = parseConfig(preset(name))
    assert.deepEqual(parseConfig(config), config)
  }
})

test('the paper preset is the published command, and paper-text differs by its 60,000 epochs and AdamW', () => {
  const paper = parseConfig(preset('sudoku-paper'))
  assert.deepEqual(
    {
      hidden: paper.hidden,
      T: paper.T,
      n: paper.n,
      K: paper.K,
      batch: paper.batch,
      lr: paper.lr,
      epochs: paper.epochs,
    },
    { hidden: 512, T: 3, n: 6, K: 16, batch: 768, lr: 1e-4, epochs: 50_000 },
  )
  assert.deepEqual(parseConfig(preset('sudoku-paper-text')), { ...paper, epochs: 60_000, optimizer: 'adamw' })
})

test('an unknown preset names the nearest one', () => {
  assert.throws(() => preset('sudoku-poket'), /Did you mean sudoku-pocket\?/)
})

test('the glossary explains every key', () => {
  const entries = glossary()
  assert.deepEqual(
    entries.map((entry) => entry.key),
    Object.keys(configSchema.shape),
  )
  assert.ok(entries.every((entry) => entry.meaning.endsWith('.')))
})

test('the presets of the reference table differ from task to task as it says', () => {
  const of = (name: string) => parseConfig(preset(name))
  assert.deepEqual(
    ['sudoku-paper', 'maze-paper', 'arc-1-paper', 'arc-2-paper'].map((name) => {
      const { mixer, n, puzzleLr, weightDecay, epochs, evalEvery } = of(name)
      return [mixer, n, puzzleLr, weightDecay, epochs, evalEvery]
    }),
    [
      ['mlp', 6, 1e-4, 1, 50_000, 5_000],
      ['attention', 4, 1e-4, 1, 50_000, 5_000],
      ['attention', 4, 1e-2, 0.1, 100_000, 10_000],
      ['attention', 4, 1e-2, 0.1, 100_000, 10_000],
    ],
  )
  const hrm = of('sudoku-hrm-paper')
  assert.deepEqual([hrm.layers, hrm.T, hrm.n, hrm.K, hrm.ema, hrm.epochs], [4, 2, 2, 16, 0, 20_000])
  const direct = of('arc-1-direct-paper')
  assert.deepEqual([direct.layers, direct.K, direct.n], [8, 1, null])
})

test('keys of generated puzzles are refused where they would have no effect, and dropped from a preset given data', () => {
  const unused = (input: Record<string, unknown>, message: RegExp): void =>
    assert.throws(() => checkDataKeys(parseConfig(input)), { name: 'UserError', message, exitCode: 2 })
  unused({ data: 'x', clues: 5 }, /key clues: expected nothing, because data=x names existing puzzles, found 5/)
  unused({ task: 'sudoku', size: 9 }, /key size: expected a key of task=sudoku, found one of maze, arc/)
  unused({ task: 'maze', box: '3x3' }, /key box/)
  unused({ task: 'maze', augment: 7 }, /key augment: expected nothing for task=maze/)
  unused({ task: 'maze', carryVotes: true }, /key carryVotes/)
  unused({ task: 'tokens' }, /expected data=DIR beside tokens/)
  assert.equal(preset('arc-pocket', { data: 'x' }).size, undefined)
  assert.equal(preset('arc-pocket', { lr: 1 }).size, 8)
  checkDataKeys(parseConfig(preset('arc-lab', { data: 'x' })))
})

test('values that JSON has no form for are refused like any other, as they were written', () => {
  for (const [input, found] of [
    [{ seed: 5n }, 'found 5n.'],
    [{ lr: Number.NaN }, 'found NaN.'],
    [{ hidden: { a: 1n } }, 'found {"a":"1"}.'],
    [{ layers: Symbol('two') }, 'found Symbol(two).'],
    [{ mixer: null }, 'found null.'],
  ] as const)
    assert.throws(
      () => parseConfig(input),
      (error: Error) => error.name === 'UserError' && error.message.includes(found),
    )
})

test('the same condition of until is the same text, whatever its spaces and the form of its number', () => {
  const texts = ['test.exact>=0.9', ' test.exact  >= 0.90 ', 'test.exact >= 9e-1']
  assert.deepEqual(
    texts.map((until) => parseConfig({ until }).until),
    texts.map(() => 'test.exact >= 0.9'),
  )
  for (const until of [
    '',
    'test.exact',
    'test.exact >= ',
    'exact >= 1',
    'test.exact == 1',
    'test.exact >= 1 and more',
    'test.a >= 1e999',
  ])
    assert.throws(() => parseConfig({ until }), { message: /key until: expected a metric, a comparison and a number/ })
})
