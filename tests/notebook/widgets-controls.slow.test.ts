import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { z } from 'zod'
import { parseConfig } from '../../lib/config/parse.js'
import { type Config, configSchema } from '../../lib/config/schema.js'
import { UserError } from '../../lib/errors.js'
import { type Content, setHost } from '../../lib/notebook/host.js'
import { controls } from '../../lib/notebook/widgets/controls.js'
import { labelOf } from '../../lib/notebook/widgets/label.js'
import { DISPLAY, type Widget } from '../../lib/notebook/widgets/widget.js'
import { type FakeComm, type FakeHost, fakeHost } from './fake-host.js'

afterEach(() => setHost(null))

/** Shows a panel, and gives the channels of its widgets by label. */
function open(host: FakeHost, panel: Widget): (label: string) => FakeComm {
  panel[DISPLAY]()
  return (label) => host.opened.findLast((comm) => labelOf(stateOf(comm)) === label)!
}

function stateOf(comm: FakeComm): Content {
  return comm.sent[0]!.data.state as Content
}

const moved = (state: Content): Content => ({ method: 'update', state, buffer_paths: [] })

/** The words in a panel, of its last arrangement. */
function words(host: FakeHost, panel: Widget): string[] {
  const view = panel[DISPLAY]()['application/vnd.jupyter.widget-view+json'] as Content
  const comm = host.opened.find(({ id }) => id === view.model_id)!
  const last = comm.sent.findLast(({ data }) => Object.hasOwn(data.state as Content, 'children'))!
  const children = (last.data.state as { children: string[] }).children
  return children.flatMap((child) => {
    const shown = host.opened.find(({ id }) => `IPY_MODEL_${id}` === child)!
    const latest = Object.assign({}, ...shown.sent.map(({ data }) => data.state)) as Content
    return latest._model_name === 'LabelModel' ? [String(latest.value)] : []
  })
}

const userError = (pattern: RegExp) => (error: unknown) => error instanceof UserError && pattern.test(error.message)

test('a panel of the configuration has for every key what its type calls for', () => {
  const host = fakeHost()
  const of = open(host, controls(configSchema))
  const kinds = Object.fromEntries(
    ['lr', 'hidden', 'mixer', 'layers', 'ema', 'freeze', 'latents', 'T', 'augment', 'expansion', 'seed'].map((key) => [
      key,
      stateOf(of(key))._model_name,
    ]),
  )
  assert.deepEqual(kinds, {
    lr: 'FloatLogSliderModel',
    hidden: 'BoundedIntTextModel',
    mixer: 'DropdownModel',
    layers: 'IntSliderModel',
    ema: 'FloatSliderModel',
    freeze: 'CheckboxModel',
    latents: 'DropdownModel',
    T: 'TextModel',
    augment: 'TextModel',
    expansion: 'FloatLogSliderModel',
    seed: 'BoundedIntTextModel',
  })
  assert.deepEqual(stateOf(of('latents'))._options_labels, ['two', 'single', 'multi', 'null'])
  assert.equal(stateOf(of('lr')).value, 2e-3)
  assert.equal(stateOf(of('hidden')).tooltip, 'D: Hidden size.')
})

test('a panel begins with the defaults, and its value is a whole configuration', () => {
  const panel = controls(configSchema, { keys: ['lr', 'hidden', 'mixer'] })
  const config: Config = panel.value
  assert.deepEqual(config, configSchema.parse({}))
  assert.deepEqual(parseConfig(panel.value), parseConfig({}))
  const mixer: 'mlp' | 'attention' = panel.value.mixer
  assert.equal(mixer, 'mlp')
  const other = controls(configSchema, { keys: ['lr'], initial: { lr: 3e-4, hidden: 32 } })
  assert.deepEqual([other.value.lr, other.value.hidden], [3e-4, 32])
  assert.equal(String(other), 'slider lr = 0.0003')
})

test('every default of the configuration goes into its control and comes back', () => {
  const panel = controls(configSchema)
  panel.value = { seed: 1 }
  assert.deepEqual(panel.value, { ...configSchema.parse({}), seed: 1 })
})

test('what the user sets is one event with the whole value', () => {
  const host = fakeHost()
  const panel = controls(configSchema, { keys: ['lr', 'mixer', 'T', 'augment'] })
  const of = open(host, panel)
  const seen: Config[] = []
  const end = panel.onChange((value) => seen.push(value))
  of('lr').receive(moved({ value: 0.01 }))
  of('mixer').receive(moved({ index: 1 }))
  of('T').receive(moved({ value: ' 5 ' }))
  of('augment').receive(moved({ value: 'fresh' }))
  of('augment').receive(moved({ value: '12' }))
  of('T').receive(moved({ value: '' }))
  assert.deepEqual(
    seen.map(({ lr, mixer, T, augment }) => [lr, mixer, T, augment]),
    [
      [0.01, 'mlp', null, null],
      [0.01, 'attention', null, null],
      [0.01, 'attention', 5, null],
      [0.01, 'attention', 5, 'fresh'],
      [0.01, 'attention', 5, 12],
      [0.01, 'attention', null, 12],
    ],
  )
  end()
  of('lr').receive(moved({ value: 0.1 }))
  assert.equal(seen.length, 6)
  assert.equal(panel.value.lr, 0.1)
})

test('what does not pass is explained in the panel and not taken over, until it does', () => {
  const host = fakeHost()
  const panel = controls(configSchema, { keys: ['T', 'lr'] })
  const of = open(host, panel)
  let events = 0
  panel.onChange(() => events++)
  of('T').receive(moved({ value: 'three' }))
  assert.equal(panel.value.T, null)
  assert.deepEqual(words(host, panel), ['⚠ T: expected a number.'])
  of('T').receive(moved({ value: '0' }))
  assert.deepEqual(words(host, panel), ['⚠ T: expected at least 1.'])
  of('lr').receive(moved({ value: 0.01 }))
  assert.equal(panel.value.lr, 2e-3)
  assert.equal(events, 0)
  assert.match(String(panel), /expected at least 1/)
  of('T').receive(moved({ value: '4' }))
  assert.deepEqual([panel.value.T, panel.value.lr, events], [4, 0.01, 1])
  assert.deepEqual(words(host, panel), [])
})

test('rules between keys count too', () => {
  const host = fakeHost()
  const schema = z
    .object({ low: z.int().min(0).max(9).default(1), high: z.int().min(0).max(9).default(5) })
    .refine(({ low, high }) => low < high, { message: 'low must be below high.' })
  const panel = controls(schema)
  const of = open(host, panel)
  of('low').receive(moved({ value: 7 }))
  assert.deepEqual(words(host, panel), ['⚠ low must be below high.'])
  assert.deepEqual(panel.value, { low: 1, high: 5 })
  of('high').receive(moved({ value: 8 }))
  assert.deepEqual(panel.value, { low: 7, high: 8 })
})

test('code sets several keys in one event, or none of them', () => {
  const host = fakeHost()
  const panel = controls(configSchema, { keys: ['hidden', 'lr', 'mixer'] })
  const of = open(host, panel)
  const seen: Config[] = []
  panel.onChange((value) => seen.push(value))
  panel.value = { lr: 0.01, mixer: 'attention', batch: 8 }
  panel.value = { lr: 0.01 }
  assert.equal(panel.value.batch, 8)
  assert.deepEqual(
    seen.map(({ lr, mixer }) => [lr, mixer]),
    [[0.01, 'attention']],
  )
  assert.deepEqual(of('mixer').sent.at(-1)!.data.state, { index: 1 })
  assert.throws(
    () => {
      panel.value = { lr: 99, mixer: 'mlp' }
    },
    userError(/key lr: expected at most 10/),
  )
  // It passes the schema, but a logarithmic slider has no place for it.
  assert.throws(
    () => {
      panel.value = { hidden: 8, lr: 0 }
    },
    userError(/slider lr: expected .* found 0/),
  )
  assert.deepEqual([panel.value.lr, panel.value.mixer, panel.value.hidden], [0.01, 'attention', 64])
  assert.deepEqual(of('hidden').sent.at(-1)!.data.state, { value: 64 })
})

test('what one line cannot set is left out with a note, and keeps its initial value', () => {
  const host = fakeHost()
  const schema = z.object({
    name: z.string().default('run'),
    tags: z.array(z.string()).default(['a']),
    shape: z.object({ rows: z.int() }),
    kind: z.union([z.literal('a'), z.literal(2), z.literal(null)]).default(2),
    rate: z.number().min(1e-4).max(1),
    count: z.int().optional(),
    flag: z.boolean().nullable().default(null),
  })
  const panel = controls(schema, { initial: { shape: { rows: 3 } } })
  const of = open(host, panel)
  assert.deepEqual(words(host, panel), ['Not in this panel: tags, shape.'])
  assert.deepEqual(panel.value, { name: 'run', tags: ['a'], shape: { rows: 3 }, kind: 2, rate: 1e-4, flag: null })
  assert.equal(stateOf(of('rate'))._model_name, 'FloatLogSliderModel')
  assert.deepEqual(stateOf(of('kind'))._options_labels, ['a', '2', 'null'])
  of('flag').receive(moved({ index: 1 }))
  of('count').receive(moved({ value: '6' }))
  assert.deepEqual([panel.value.flag, panel.value.count], [false, 6])
  of('count').receive(moved({ value: '' }))
  assert.equal(panel.value.count, undefined)
  assert.throws(() => controls(schema), userError(/key shape/))
})

test('a key that the schema does not have is a user error with the nearest one', () => {
  assert.throws(() => controls(configSchema, { keys: ['hiden' as 'hidden'] }), userError(/Did you mean hidden\?/))
  assert.throws(() => controls(configSchema, { initial: { hidden: 0 } }), userError(/key hidden: expected at least 1/))
})

test('descriptions of a schema are escaped in the picture', () => {
  const evil = '<script>x</script>'
  const schema = z.object({ [evil]: z.enum([evil, 'b']).default('b'), n: z.array(z.int()).default([]) })
  const html = String(controls(schema)[DISPLAY]()['text/html'])
  assert.doesNotMatch(html, /<script/i)
  assert.match(html, /&lt;script&gt;/)
})
