import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { afterEach, test } from 'node:test'
import { inspect } from 'node:util'
import { UserError } from '../../lib/errors.js'
import { show } from '../../lib/notebook/display.js'
import { type Content, type MimeBundle, setHost } from '../../lib/notebook/host.js'
import { input } from '../../lib/notebook/input.js'
import { typeErrors } from '../../lib/notebook/type-errors.js'
import { column, row } from '../../lib/notebook/widgets/box.js'
import { button } from '../../lib/notebook/widgets/button.js'
import { checkbox, dropdown } from '../../lib/notebook/widgets/choice.js'
import { number, progressBar, slider } from '../../lib/notebook/widgets/number.js'
import { widgetHtml } from '../../lib/notebook/widgets/picture.js'
import { label, text } from '../../lib/notebook/widgets/text.js'
import { DISPLAY, type Widget } from '../../lib/notebook/widgets/widget.js'
import fc from '../fast-check.js'
import { tsx } from '../shared.js'
import { type FakeComm, type FakeHost, fakeHost } from './fake-host.js'

const VIEW = 'application/vnd.jupyter.widget-view+json'

afterEach(() => setHost(null))

function bundleOf(widget: Widget): MimeBundle {
  return widget[DISPLAY]()
}

/** Shows a widget, and gives its channel. */
function open(host: FakeHost, widget: Widget): FakeComm {
  const view = bundleOf(widget)[VIEW] as { model_id: string }
  return host.opened.find(({ id }) => id === view.model_id)!
}

function stateOf(comm: FakeComm): Content {
  return comm.sent[0]!.data.state as Content
}

/** What was sent after the opening. */
function messages(comm: FakeComm): Content[] {
  return comm.sent.slice(1).map(({ data }) => data)
}

const moved = (state: Content): Content => ({ method: 'update', state, buffer_paths: [] })

const userError = (pattern: RegExp) => (error: unknown) => error instanceof UserError && pattern.test(error.message)

test('a widget that is shown opens one channel with the state that the front end knows', () => {
  const host = fakeHost()
  const lr = slider({ min: 1e-5, max: 1e-2, value: 1e-3, log: true, label: 'lr', tooltip: 'Peak' })
  assert.equal(host.opened.length, 0)
  const bundle = bundleOf(lr)
  const comm = open(host, lr)
  assert.equal(host.opened.filter(({ id }) => id === comm.id).length, 1)
  assert.equal(comm.target, 'jupyter.widget')
  assert.deepEqual(comm.sent[0]!.message.metadata, { version: '2.1.0' })
  assert.deepEqual(comm.sent[0]!.data.buffer_paths, [])
  const { style, ...state } = stateOf(comm)
  assert.deepEqual(state, {
    _model_module: '@jupyter-widgets/controls',
    _model_module_version: '2.0.0',
    _model_name: 'FloatLogSliderModel',
    _view_module: '@jupyter-widgets/controls',
    _view_module_version: '2.0.0',
    _view_name: 'FloatLogSliderView',
    description: '<span class="mathjax_ignore" title="Peak">lr</span>',
    description_allow_html: true,
    tooltip: 'Peak',
    disabled: false,
    min: -5,
    max: -2,
    base: 10,
    step: null,
    readout: true,
    readout_format: '.3g',
    continuous_update: true,
    orientation: 'horizontal',
    value: 0.001,
  })
  assert.deepEqual(bundle[VIEW], { version_major: 2, version_minor: 0, model_id: comm.id })
  assert.equal(bundle['text/plain'], 'slider lr = 0.001')
  // What it refers to was made known before.
  const [first] = host.opened
  assert.equal(style, `IPY_MODEL_${first!.id}`)
  assert.equal(stateOf(first!)._view_module, '@jupyter-widgets/base')
})

test('each widget is the model of the front end that its kind says', () => {
  const host = fakeHost()
  const kinds: [Widget, string, Content][] = [
    [slider({ min: 0, max: 1 }), 'FloatSlider', { min: 0, max: 1, step: null, value: 0.5, readout_format: '.3f' }],
    [slider({ min: 0, max: 10, step: 2 }), 'IntSlider', { step: 2, value: 6, readout_format: 'd' }],
    [slider({ min: 0, max: 1, step: 0.25 }), 'FloatSlider', { step: 0.25, value: 0.5, readout_format: '.2f' }],
    [slider({ min: 0, max: 1, format: '.0%' }), 'FloatSlider', { readout_format: '.0%' }],
    [number(), 'FloatText', { value: 0, step: null }],
    [number({ integer: true, value: 3 }), 'IntText', { value: 3, step: 1 }],
    [number({ min: 1, max: 2 }), 'BoundedFloatText', { value: 1, min: 1, max: 2 }],
    [number({ min: 1, integer: true }), 'BoundedIntText', { value: 1, min: 1, max: Number.MAX_SAFE_INTEGER }],
    [
      dropdown(['mlp', 'attention'], { value: 'attention' }),
      'Dropdown',
      { index: 1, _options_labels: ['mlp', 'attention'] },
    ],
    [dropdown({ few: 10, many: 1000 }), 'Dropdown', { index: 0, _options_labels: ['few', 'many'] }],
    [checkbox({ value: true }), 'Checkbox', { value: true, indent: false }],
    [text({ value: 'a', placeholder: 'name' }), 'Text', { value: 'a', placeholder: 'name', continuous_update: false }],
    [progressBar({ max: 8, value: 2 }), 'FloatProgress', { min: 0, max: 8, value: 2 }],
    [button('go'), 'Button', { description: 'go', tooltip: null }],
    [label('words'), 'Label', { value: 'words' }],
  ]
  for (const [widget, kind, some] of kinds) {
    const state = stateOf(open(host, widget))
    assert.equal(state._model_name, `${kind}Model`)
    assert.deepEqual({ ...state, ...some }, state, kind)
    assert.doesNotThrow(() => JSON.stringify(state))
  }
  assert.equal(stateOf(open(host, number()))._view_name, 'FloatTextView')
  assert.equal(stateOf(open(host, progressBar({ max: 1 })))._view_name, 'ProgressView')
})

test('a move in the front end is a new value and one event, and other windows hear of it', () => {
  const host = fakeHost()
  const dropout = slider({ min: 0, max: 1 })
  const seen: number[] = []
  const end = dropout.onChange((value) => void seen.push(value))
  const comm = open(host, dropout)
  comm.receive(moved({ value: 0.25 }))
  assert.equal(dropout.value, 0.25)
  assert.deepEqual(seen, [0.25])
  assert.deepEqual(messages(comm), [{ method: 'echo_update', state: { value: 0.25 }, buffer_paths: [] }])
  comm.receive(moved({ value: 0.25 }))
  end()
  comm.receive(moved({ value: 0.5 }))
  assert.deepEqual(seen, [0.25])
  assert.equal(dropout.value, 0.5)
})

test('a value set in code goes to the front end, which may repeat it, rounded by a logarithm, without an event', () => {
  const host = fakeHost()
  const lr = slider({ min: 1e-5, max: 1e-2, log: true })
  const seen: number[] = []
  lr.onChange((value) => void seen.push(value))
  const comm = open(host, lr)
  lr.value = 1.2345e-4
  lr.value = 1.2345e-4
  assert.deepEqual(messages(comm), [{ method: 'update', state: { value: 1.2345e-4 }, buffer_paths: [] }])
  comm.receive(moved({ value: 10 ** Math.log10(1.2345e-4) }))
  comm.receive(moved({ value: 1.2345e-4 * (1 + 1e-12) }))
  assert.equal(lr.value, 1.2345e-4)
  assert.deepEqual(seen, [1.2345e-4])
  assert.ok(
    messages(comm)
      .slice(1)
      .every(({ method }) => method === 'echo_update'),
  )
})

test('a slider has the values that are read beside it', () => {
  const host = fakeHost()
  const lr = slider({ min: 1e-5, max: 1e-2, log: true })
  open(host, lr).receive(moved({ value: 0.0022387211385683 }))
  assert.equal(lr.value, 0.00224)
  const ratio = slider({ min: 0, max: 1 })
  open(host, ratio).receive(moved({ value: 0.30000000000000004 }))
  assert.equal(ratio.value, 0.3)
  const stepped = slider({ min: 0.1, max: 1, step: 0.3 })
  open(host, stepped).receive(moved({ value: 0.7000000000000001 }))
  assert.equal(stepped.value, 0.7)
  stepped.value = 0.5
  assert.equal(stepped.value, 0.4)
})

test('what the front end sends out of range is brought into it, and the front end is put right', () => {
  const host = fakeHost()
  const layers = slider({ min: 1, max: 8, integer: true, value: 2 })
  const comm = open(host, layers)
  comm.receive(moved({ value: 99 }))
  assert.equal(layers.value, 8)
  assert.deepEqual(messages(comm).at(-1), { method: 'update', state: { value: 8 }, buffer_paths: [] })
  comm.receive(moved({ value: 3.4 }))
  assert.equal(layers.value, 3)
  const lr = slider({ min: 1e-4, max: 1e-2, log: true })
  const log = open(host, lr)
  log.receive(moved({ value: 5 }))
  assert.equal(lr.value, 0.01)
  assert.deepEqual(messages(log).at(-1)!.state, { value: 0.01 })
})

test('whatever a front end sends, every widget keeps a value of its kind and answers only for its own traits', () => {
  const host = fakeHost()
  const widgets = [
    slider({ min: 1e-5, max: 1e-2, log: true }),
    slider({ min: -3, max: 9, step: 3 }),
    number({ min: 0, max: 1 }),
    dropdown(['a', 'b']),
    checkbox(),
    text(),
    progressBar({ max: 3 }),
  ] as const
  const valid = (): boolean => {
    const [lr, stepped, field, choice, box, line, bar] = widgets
    return (
      lr.value >= 1e-5 &&
      lr.value <= 1e-2 &&
      [-3, 0, 3, 6, 9].includes(stepped.value) &&
      field.value >= 0 &&
      field.value <= 1 &&
      ['a', 'b'].includes(choice.value) &&
      typeof box.value === 'boolean' &&
      typeof line.value === 'string' &&
      bar.value === 0
    )
  }
  const comms = widgets.map((widget) => open(host, widget))
  const anything = fc.oneof(fc.double(), fc.integer(), fc.string(), fc.boolean(), fc.jsonValue())
  const key = fc.constantFrom('value', 'index', 'max', '_options_labels', '__proto__', 'description')
  const data = fc.oneof(
    fc.record({
      method: fc.constantFrom('update', 'custom', 'request_state', 'x'),
      state: fc.dictionary(key, anything),
    }),
    fc.dictionary(fc.string(), anything),
  )
  fc.assert(
    fc.property(fc.nat(comms.length - 1), data, (i, content) => {
      comms[i]!.receive(content as Content)
      assert.ok(valid())
    }),
  )
  for (const comm of comms)
    for (const { method, state } of messages(comm))
      if (method === 'echo_update')
        assert.ok(Object.keys(state as Content).every((name) => /^(value|index)$/.test(name)))
})

test('values and ranges that cannot be are user errors that name the widget', () => {
  const lr = slider({ min: 1e-5, max: 1e-2, log: true, label: 'lr' })
  assert.throws(
    () => {
      lr.value = 1
    },
    userError(/^slider lr: expected 0\.00001 to 0\.01, found 1\./),
  )
  assert.throws(() => {
    lr.value = Number.NaN
  }, UserError)
  assert.throws(() => slider({ min: 0, max: 1, log: true }), userError(/min above 0 with log/))
  assert.throws(() => slider({ min: 1, max: 1 }), userError(/finite min below a finite max/))
  assert.throws(() => slider({ min: 0, max: 1, value: 2 }), userError(/0 to 1, found 2/))
  assert.throws(() => slider({ min: 0, max: 9, integer: true, value: 0.5 }), userError(/a whole number, found 0\.5/))
  assert.throws(() => number({ min: 3, value: 1 }), userError(/at least 3, found 1/))
  assert.throws(() => number({ max: 3, value: 4 }), userError(/at most 3, found 4/))
  assert.throws(() => progressBar({ max: 3, value: 4 }), userError(/0 to 3, found 4/))
  assert.throws(() => dropdown([]), userError(/at least one option/))
  const mixer: { value: string } = dropdown<string>(['mlp', 'attention'])
  assert.throws(
    () => {
      mixer.value = 'mlpp'
    },
    userError(/one of mlp, attention, found mlpp/),
  )
})

test('values are typed', () => {
  const mixer = dropdown(['mlp', 'attention'])
  const value: 'mlp' | 'attention' = mixer.value
  // @ts-expect-error this is no option
  assert.throws(() => dropdown(['mlp', 'attention'], { value: 'other' }), UserError)
  const steps: 10 | 1000 = dropdown({ few: 10, many: 1000 }).value
  checkbox().onChange((ticked: boolean) => ticked)
  assert.deepEqual([value, steps], ['mlp', 10])
})

test('label and availability reach the front end', () => {
  const host = fakeHost()
  const name = text({ label: 'name' })
  const comm = open(host, name)
  name.label = 'title'
  name.disabled = true
  assert.deepEqual(
    messages(comm).map(({ state }) => state),
    [{ description: 'title' }, { disabled: true }],
  )
  assert.ok(name.label === 'title' && name.disabled)
})

test('a click calls back, but not of a button that is disabled', () => {
  const host = fakeHost()
  let clicks = 0
  const go = button('go', () => void clicks++)
  const comm = open(host, go)
  comm.receive({ method: 'custom', content: { event: 'click' } })
  comm.receive({ method: 'custom', content: { event: 'other' } })
  go.disabled = true
  comm.receive({ method: 'custom', content: { event: 'click' } })
  assert.equal(clicks, 1)
})

test('boxes refer to what is in them, which the front end learns first', () => {
  const host = fakeHost()
  const lr = number({ label: 'lr' })
  const panel = column('Training', row(lr, checkbox({ label: 'ema' })))
  const comm = open(host, panel)
  assert.equal(stateOf(comm)._model_name, 'VBoxModel')
  const order = host.opened.map(({ id }) => id)
  const [words, inner] = (stateOf(comm).children as string[]).map((child) => child.replace('IPY_MODEL_', ''))
  assert.ok(order.indexOf(words!) >= 0 && order.indexOf(inner!) < order.indexOf(comm.id))
  assert.deepEqual(
    (stateOf(host.opened.find(({ id }) => id === inner)!).children as string[])[0],
    `IPY_MODEL_${open(host, lr).id}`,
  )
  assert.equal(String(panel), 'Training\nnumber lr = 0   checkbox ema = false')
  panel.disabled = true
  assert.ok(lr.disabled && panel.disabled)
})

test('a page that was loaded again is given every widget in its present state', () => {
  const host = fakeHost()
  const lr = slider({ min: 0, max: 1, label: 'lr' })
  const box = row(lr)
  const comm = open(host, box)
  const inner = open(host, lr)
  inner.receive(moved({ value: 0.75 }))
  const control = host.openFromFrontEnd('jupyter.widget.control', {}, { metadata: { version: '1.0.0' } })
  control.receive({ method: 'request_states' })
  const { method, states, buffer_paths } = control.sent[0]!.data as { states: Record<string, Content> } & Content
  assert.deepEqual([method, buffer_paths], ['update_states', []])
  assert.deepEqual(states[comm.id]!.model_name, 'HBoxModel')
  assert.deepEqual((states[comm.id]!.state as Content).children, [`IPY_MODEL_${inner.id}`])
  assert.equal(states[inner.id]!.model_module, '@jupyter-widgets/controls')
  assert.equal((states[inner.id]!.state as Content).value, 0.75)
  inner.receive({ method: 'request_state' })
  assert.equal((messages(inner).at(-1)!.state as Content).value, 0.75)
  inner.closeFromFrontEnd()
  control.receive({ method: 'request_states' })
  assert.ok(!Object.hasOwn(control.sent.at(-1)!.data.states as Content, inner.id))
})

test('a widget that was closed is opened anew when it is shown again', () => {
  const host = fakeHost()
  const lr = slider({ min: 0, max: 1 })
  const first = open(host, lr)
  lr.close()
  assert.ok(first.closed)
  lr.value = 0.125
  assert.equal(messages(first).filter(({ method }) => method === 'update').length, 0)
  const second = open(host, lr)
  assert.notEqual(second.id, first.id)
  assert.equal(stateOf(second).value, 0.125)
  second.closeFromFrontEnd()
  assert.notEqual(open(host, lr).id, second.id)
})

test('widgets that follow each other come to rest, each with one event', () => {
  const a = slider({ min: 0, max: 10, integer: true, value: 1 })
  const b = slider({ min: 0, max: 10, integer: true, value: 1 })
  const seen: string[] = []
  a.onChange((value) => {
    seen.push(`a ${value}`)
    b.value = value
  })
  b.onChange((value) => {
    seen.push(`b ${value}`)
    a.value = value
  })
  a.value = 7
  b.value = 2
  assert.deepEqual(seen, ['a 7', 'b 7', 'b 2', 'a 2'])
  // A callback that corrects the value: later ones hear the correction once.
  const c = number({ value: 0 })
  const later: number[] = []
  c.onChange((value) => {
    if (value > 1) c.value = 1
  })
  c.onChange((value) => void later.push(value))
  c.value = 5
  assert.deepEqual(later, [1])
})

test('what a callback throws goes to the host that it was given under, and stops nobody else', async () => {
  const host = fakeHost()
  const n = number()
  const seen: number[] = []
  n.onChange(() => {
    throw new Error('sync')
  })
  n.onChange(async () => {
    await null
    throw new Error('async')
  })
  n.onChange((value) => seen.push(value))
  const go = button('go', () => {
    throw new Error('click')
  })
  n.value = 1
  go.click()
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(host.thrown.map((error) => (error as Error).message).sort(), ['async', 'click', 'sync'])
  assert.deepEqual(seen, [1])
})

test('in a plain terminal what a callback throws is an unhandled rejection, after the change', () => {
  const script = `
    import { number } from './lib/notebook/widgets/number.js'
    process.on('unhandledRejection', (error) => console.log('rejected', error.message))
    const n = number()
    n.onChange(() => { throw new Error('sync') })
    n.value = 1
    console.log('value', n.value)
  `
  const root = new URL('../..', import.meta.url).pathname
  const ran = spawnSync(process.execPath, ['--import', tsx, '--input-type=module', '-e', script], { cwd: root })
  assert.equal(String(ran.stdout), 'value 1\nrejected sync\n', String(ran.stderr))
})

test('in a plain terminal widgets are values that print as text', (t) => {
  const lr = slider({ min: 1e-5, max: 1e-2, log: true, value: 1e-3, label: 'lr' })
  lr.value = 2e-3
  const lines: string[] = []
  t.mock.method(process.stdout, 'write', (line: string) => lines.push(line) > 0)
  show(lr)
  t.mock.restoreAll()
  assert.deepEqual(lines, ['slider lr = 0.002\n'])
  assert.equal(inspect(lr), 'slider lr = 0.002')
  assert.equal(bundleOf(lr)[VIEW], undefined)
})

test('the picture has no script and escapes every text', () => {
  const evil = '<script>alert("1")</script><img src=x onerror=alert(1)>'
  const host = fakeHost()
  const widgets = [
    slider({ min: 0, max: 1, label: evil }),
    slider({ min: 0, max: 1, format: evil }),
    number({ label: evil }),
    dropdown([evil, 'b'], { label: evil }),
    checkbox({ label: evil }),
    text({ label: evil, value: evil }),
    progressBar({ max: 1, label: evil }),
    button(evil),
    label(evil),
  ]
  for (const widget of [...widgets, row(...widgets), column(evil)]) {
    open(host, widget)
    const html = String(bundleOf(widget)['text/html'])
    assert.doesNotMatch(html, /<(script|img)/i)
    // Elements that are not of the picture's own make.
    assert.deepEqual(new Set(html.match(/<\/?[a-z]+/g)), new Set(['<div', '</div', '<span', '</span']))
  }
})

test('the picture shows the present state', () => {
  const html = (widget: Widget): string => String(bundleOf(widget)['text/html'])
  const lr = slider({ min: 1e-5, max: 1e-1, log: true, value: 1e-3, label: 'lr' })
  assert.match(html(lr), />lr<.*width: 50%.*>0\.00100</)
  lr.value = 1e-2
  assert.match(html(lr), /width: 75%.*>0\.0100</)
  assert.match(html(slider({ min: 0, max: 4, integer: true, value: 1 })), /width: 25%.*>1</)
  assert.match(html(dropdown(['mlp', 'attention'], { value: 'attention' })), />attention ▾</)
  assert.match(html(checkbox({ value: true })), />☑</)
  assert.match(html(text({ value: 'a b' })), />a b</)
  assert.match(html(progressBar({ max: 4, value: 1 })), /width: 25%.*>1 of 4</)
  assert.match(html(row(label('x'), number({ value: 3 }))), />x<.*>3</)
  const note = /Run the cell to operate it\./
  assert.match(html(row(label('x'), number({ value: 3 }))), note)
  for (const still of [label('x'), progressBar({ max: 4 }), column(number({ disabled: true }), 'x')])
    assert.doesNotMatch(html(still), note)
  // A sanitiser drops these from a notebook that is opened for the first time.
  assert.doesNotMatch(html(column(lr, number({ label: 'n' }))), /currentColor|color-mix|flex|calc/)
})

test('at the end of a cell the picture under a display id shows the last state, once', async () => {
  const host = fakeHost()
  const lr = slider({ min: 0, max: 1, value: 0.25 })
  const ids = [show(lr).id, show(row(lr)).id]
  const comm = open(host, lr)
  await host.endCell()
  comm.receive(moved({ value: 0.75 }))
  assert.equal(host.sent.length, 2)
  await host.endCell()
  await host.endCell()
  const updates = host.sent.slice(2)
  assert.deepEqual(
    updates.map(({ kind, id }) => [kind, id]),
    ids.map((id) => ['update', id]),
  )
  assert.match(String(updates[0]!.bundle['text/html']), />0\.750</)
  assert.equal((updates[0]!.bundle[VIEW] as Content).model_id, comm.id)
})

test('input asks the host; without one and without a terminal it is a user error', async () => {
  const host = fakeHost({ answers: ['trm'] })
  assert.equal(await input('Name: '), 'trm')
  assert.deepEqual(host.prompts, ['Name: '])
  setHost(null)
  const program =
    "import { input } from './lib/notebook/input.js'; input('Name: ').catch((error) => console.log(error.name))"
  const root = new URL('../..', import.meta.url).pathname
  const ran = spawnSync(process.execPath, ['--import', tsx, '--input-type=module', '-e', program], {
    cwd: root,
    input: 'x\n',
  })
  assert.equal(String(ran.stdout).trim(), 'UserError', String(ran.stderr))
})

test('typeErrors tells the host, and does nothing without one', () => {
  const host = fakeHost()
  typeErrors('warning')
  setHost(null)
  typeErrors('off')
  assert.deepEqual(host.typeErrors, ['warning'])
})

test('a label with dollars is words, not a formula', () => {
  const words = slider({ min: 0, max: 1, label: '$\\href{javascript:x}{lr}$' })
  assert.match(String(words.model.get('description')), /^<span class="mathjax_ignore">\$/)
  assert.equal(words.label, '$\\href{javascript:x}{lr}$')
  assert.equal(slider({ min: 0, max: 1, label: 'lr' }).model.get('description'), 'lr')
})

test('a label keeps its words, and its tooltip, however they are written', () => {
  const lr = slider({ min: 0, max: 1, label: 'a < b', tooltip: 'the "rate" & <more>' })
  assert.equal(lr.label, 'a < b')
  assert.equal(
    lr.model.get('description'),
    '<span class="mathjax_ignore" title="the &quot;rate&quot; &amp; &lt;more&gt;">a &lt; b</span>',
  )
  lr.label = '&lt;'
  assert.equal(lr.label, '&lt;')
  assert.match(String(lr.model.get('description')), /^<span class="mathjax_ignore" title="the .*>&amp;lt;<\/span>$/)
  assert.match(widgetHtml(lr.model.tree()), /<span>&amp;lt;<\/span>/)
})
