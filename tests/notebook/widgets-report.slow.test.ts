import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { projectPython } from '../../lib/notebook/environment.js'
import type { CellOutput, Notebook } from '../../lib/notebook/notebook.js'
import { writeReport } from '../../lib/notebook/report.js'
import { withoutLiveWidgets, withWidgetPictures } from '../../lib/notebook/widgets/saved.js'

const withoutJupyter = existsSync(projectPython()) ? false : 'Jupyter is not installed (npm run setup)'

const root = new URL('../..', import.meta.url).pathname
const kernelspec = path.join(root, '.venv', 'share', 'jupyter', 'kernels', 'recurlab', 'kernel.json')
const withoutKernel = existsSync(kernelspec) ? false : 'there is no .venv with the kernel recurlab (npm run setup)'

const VIEW = 'application/vnd.jupyter.widget-view+json'

function notebookOf(outputs: readonly Record<string, unknown>[], states?: Record<string, unknown>): Notebook {
  const saved = { 'application/vnd.jupyter.widget-state+json': { version_major: 2, version_minor: 0, state: states } }
  return {
    nbformat: 4,
    nbformat_minor: 5,
    metadata: states ? { widgets: saved } : {},
    cells: [
      {
        cell_type: 'code',
        id: 'a',
        metadata: {},
        source: 'lr',
        execution_count: 1,
        outputs: outputs.map((data) => ({ output_type: 'display_data', metadata: {}, data }) as CellOutput),
      },
    ],
  }
}

const view = (id: string): Record<string, unknown> => ({
  [VIEW]: { version_major: 2, version_minor: 0, model_id: id },
  'text/html': '<div>earlier</div>',
  'text/plain': 'slider lr = 0.001',
})

const model = (name: string, state: Record<string, unknown>): Record<string, unknown> => ({
  model_name: name,
  model_module: '@jupyter-widgets/controls',
  model_module_version: '2.0.0',
  state,
})

function htmlOf(notebook: Notebook): string[] {
  return withWidgetPictures(notebook).cells[0]!.outputs!.map(({ data }) => {
    assert.ok(!Object.hasOwn(data as object, VIEW))
    return String((data as Record<string, unknown>)['text/html'])
  })
}

test('the state that was saved with a notebook is drawn, also without what equals the front end’s defaults', () => {
  const [slider, box] = htmlOf(
    notebookOf([view('s'), view('b')], {
      s: model('FloatLogSliderModel', { description: 'lr', min: -5, max: -1, value: 0.01 }),
      i: model('IntSliderModel', { value: 25 }),
      b: model('HBoxModel', { children: ['IPY_MODEL_s', 'IPY_MODEL_i', 'IPY_MODEL_gone', 7] }),
    }),
  )
  assert.match(slider!, />lr<.*width: 75%.*>0\.0100</)
  assert.match(box!, />0\.0100<.*width: 25%.*>25</)
})

test('without a saved state the last picture stays, and a widget without one is its text', () => {
  const outputs = [view('s'), { [VIEW]: { model_id: 'x' }, 'text/plain': ['<Slider', '()>'] }, { [VIEW]: null }]
  assert.deepEqual(htmlOf(notebookOf(outputs)), [
    '<div>earlier</div>',
    '<pre>&lt;Slider()&gt;</pre>',
    '<pre>widget</pre>',
  ])
})

test('states that were tampered with are drawn without scripts and without end', () => {
  const evil = '<script>alert(1)</script>'
  const states: Record<string, unknown> = {
    self: model('VBoxModel', { children: ['IPY_MODEL_self', 'IPY_MODEL_evil'] }),
    evil: model('DropdownModel', { description: evil, index: 0, _options_labels: [evil] }),
    odd: model(evil, { description: { toString: evil }, min: evil, value: 'x' }),
    wrong: { state: 3 },
    bar: model('FloatProgressModel', { value: 1e300, max: '"><script>' }),
  }
  // Each box holds the next one twice: 2^30 widgets.
  for (let i = 0; i < 30; i++)
    states[`n${i}`] = model('HBoxModel', { children: [`IPY_MODEL_n${i + 1}`, `IPY_MODEL_n${i + 1}`] })
  const pages = htmlOf(notebookOf(['self', 'evil', 'odd', 'wrong', 'bar', 'n0', '__proto__'].map(view), states))
  for (const page of pages) assert.doesNotMatch(page, /<script/i)
  assert.match(pages[0]!, /&lt;script&gt;/)
  assert.deepEqual([pages[3], pages[6]], ['<div>earlier</div>', '<div>earlier</div>'])
})

test('a notebook without widgets is left as it is', () => {
  const notebook = notebookOf([{ 'text/html': '<b>1</b>' }])
  assert.deepEqual(withWidgetPictures(notebook), notebook)
})

test('a notebook that is kept has pictures for its widgets, and of their states what JupyterLab writes for none', () => {
  const lr = model('FloatLogSliderModel', { description: 'lr', min: -5, max: -1, value: 0.01 })
  const kept = withoutLiveWidgets(notebookOf([view('lr')], { lr }))
  assert.deepEqual(kept.metadata.widgets, {
    'application/vnd.jupyter.widget-state+json': { state: {}, version_major: 2, version_minor: 0 },
  })
  const html = String((kept.cells[0]!.outputs![0]!.data as Record<string, unknown>)['text/html'])
  assert.match(html, />lr<.*width: 75%.*>0\.0100<.*Run the cell to operate it\./)
  assert.deepEqual(withoutLiveWidgets(kept), kept)
})

test('the report shows the last state, and runs and loads nothing', { skip: withoutJupyter }, async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'recurlab-widgets-'))
  try {
    const file = path.join(folder, 'report.html')
    const evil = '<script>alert(1)</script>'
    await writeReport(
      file,
      notebookOf([view('s')], {
        s: model('FloatSliderModel', { description: evil, min: 0, max: 1, value: 0.25, readout_format: '.3f' }),
      }),
    )
    const page = readFileSync(file, 'utf8')
    assert.match(page, /width: 25%/)
    assert.match(page, />0\.250</)
    assert.match(page, /&lt;script&gt;alert\(1\)/)
    assert.doesNotMatch(page, /earlier/)
    assert.doesNotMatch(page, /<script/i)
    assert.doesNotMatch(page, /(src|href)\s*=\s*["']?(https?:)?\/\//i)
    assert.doesNotMatch(page, /@import|url\(\s*["']?(https?:)?\/\//i)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

test('a notebook that is run keeps the last state of its widgets, shown or a result', { skip: withoutKernel }, () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'recurlab-widgets-'))
  try {
    const [cli, notebook] = ['lib/cli/recurlab.mjs', 'tests/fixtures/notebooks/widgets.ipynb']
    const out = path.join(folder, 'out.ipynb')
    const ran = spawnSync(process.execPath, [cli, 'run', notebook, '--out', out, '--report'], { cwd: root })
    assert.equal(ran.status, 0, String(ran.stderr))
    const page = readFileSync(path.join(folder, 'out.html'), 'utf8')
    assert.equal(page.match(/>lr &lt;b&gt;<.*width: 75%.*>0\.0100</g)?.length, 2)
    assert.doesNotMatch(page, /<script/i)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
