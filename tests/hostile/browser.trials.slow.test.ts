import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { visible } from '../../lib/escape/visible.js'
import { reportHtml } from '../../lib/experiment/report/report.js'
import { subjectOfRuns } from '../../lib/experiment/report/subject.js'
import { wellFormedJson } from '../../lib/files/json-text.js'
import type { Notebook } from '../../lib/notebook/notebook.js'
import { writeReport } from '../../lib/notebook/report.js'
import type { Figure } from '../../lib/plot/figure.js'
import { screenForm } from '../../lib/plot/forms.js'
import { animatedSvg } from '../../lib/plot/player/animated.js'
import { frameSvg } from '../../lib/plot/player/frame.js'
import { lastPosition, playerPage } from '../../lib/plot/player/page.js'
import { captionOf } from '../../lib/plot/sources.js'
import { renderFigure } from '../../lib/plot/static.js'
import { sudoku } from '../../lib/tasks/sudoku/build.js'
import { temporaryFolder } from '../results/fixture.js'
import { root } from '../shared.js'
import { trials } from '../trials.js'
import { HostileBrowser, type Opened, type Seen, withoutChromium } from './browser.js'
import { displays, figures, puzzleSvg, recording } from './displays.js'
import { hostileNotebook } from './notebooks.js'
import { type Payload, payloads } from './payloads.js'
import { storeHostileRun } from './stored.js'

const skip = withoutChromium
const plotly = path.join(root, 'node_modules', 'plotly.js', 'dist', 'plotly.min.js')
const folder = temporaryFolder()
const grids = sudoku({ box: '2x2', clues: 8, train: 2, test: 2 })
let browser: HostileBrowser
before(async () => {
  if (skip) return
  browser = await HostileBrowser.launch()
})
after(() => browser?.close())

const page = (body: string): string =>
  `<!doctype html><html><head><meta charset="utf-8"></head><body>${body}</body></html>`

async function checkQuiet(where: string, document: Opened): Promise<void> {
  assertQuiet(where, await browser.open(document))
}

function assertQuiet(where: string, { ran, asked, active }: Seen): void {
  assert.deepEqual({ where, ran, asked, active }, { where, ran: [], asked: [], active: [] })
}

let plotlyOpen: Promise<void> | null = null
/** The page in which plotly.js draws as JupyterLab has it draw. */
async function openPlotly(): Promise<void> {
  await browser.open({ content: page('') })
  await browser.page.addScriptTag({ content: readFileSync(plotly, 'utf8') })
}

/** Draws figures with plotly.js, points at each, and returns their titles. */
async function titlesOf(plots: readonly Figure[]): Promise<string[]> {
  return (await browser.page.evaluate(`hostile.titlesOf(${JSON.stringify(plots)})`)) as string[]
}

/** A text without spaces and marks of order: plotly breaks a title into lines. */
function squeezed(text: string): string {
  return text.replace(/\s+/g, '')
}

/** A picture in a page, and opened by itself, where its scripts would run. */
async function checkPicture(where: string, svg: string): Promise<void> {
  await checkQuiet(`${where} in a page`, { content: page(svg) })
  await checkQuiet(`${where} by itself`, { content: svg, type: 'image/svg+xml' })
  const broken = await browser.page.evaluate('hostile.fault()')
  assert.equal(broken, null, `${where} is XML`)
}

test('the browser of these tests hears what a text that is not escaped does', { skip, timeout: 120_000 }, async () => {
  const heard: string[] = []
  for (const { name, text } of payloads) {
    const { ran, asked, active } = await browser.open({ content: page(`<p title="${text}">${text}</p>`) })
    if (ran.length + asked.length + active.length > 0) heard.push(name)
  }
  assert.ok(payloads.length >= 40, String(payloads.length))
  assert.ok(heard.length >= 40, `${heard.length}: ${heard.join(', ')}`)
})

test(
  ...trials(
    'a hostile text in a display, a widget or a puzzle of a notebook is shown, and does nothing',
    { cases: payloads, sample: 12, skip },
    async ({ text }: Payload) => {
      await checkQuiet('displays', { content: page(displays(text)) })
      await checkPicture('a puzzle', puzzleSvg(text))
    },
  ),
)

test(
  ...trials(
    'a hostile text in a recording of a puzzle is shown by its page and its drawings, and does nothing',
    { cases: payloads, sample: 10, skip },
    async ({ text }: Payload) => {
      const data = recording(text)
      await checkQuiet('the player', { content: playerPage(data), scripts: 1 })
      await browser.page.locator('.recurlab-player button').first().waitFor()
      assertQuiet('the playing player', await browser.seen(1))
      await checkPicture('a frame', frameSvg(data, lastPosition(data), '#000000'))
      await checkPicture('an animation', animatedSvg(data))
    },
  ),
)

test(
  ...trials(
    'a hostile text in a figure is drawn by plotly as text, and does nothing',
    { cases: payloads, sample: 6, skip },
    async ({ name, text }: Payload) => {
      plotlyOpen ??= openPlotly()
      await plotlyOpen
      const titles = await titlesOf(figures(text).map(screenForm))
      assertQuiet('plotly', await browser.seen(1))
      if (name !== 'a very long one')
        for (const title of titles) assert.equal(squeezed(title), squeezed(visible(text, '\n\r\t')))
    },
  ),
)

test(
  ...trials(
    'a hostile text in a saved figure is text, and does nothing',
    { cases: payloads, sample: 4, skip },
    async ({ text }: Payload) => {
      const [figure] = figures(text)
      await checkPicture('a figure', await renderFigure(figure!, 'svg'))
      assert.ok(squeezed(captionOf(figure!)).length > 0)
    },
  ),
)

test(
  ...trials(
    'a hostile text in a run of somebody else is text in its report, and does nothing',
    { cases: payloads, sample: 2, skip },
    async ({ text }: Payload, { index }) => {
      const resultsDir = path.join(folder, `results-${index}`)
      const data = await grids
      const ids = (['mlp', 'own'] as const).map((mixer) => storeHostileRun(text, mixer, data, resultsDir))
      const content = await reportHtml(subjectOfRuns(ids, resultsDir), { question: text, title: text })
      assert.match(
        content,
        /<head>\s*(?:<meta (?:charset|name)[^>]*>\s*)*<meta http-equiv="Content-Security-Policy" content="default-src 'none';/,
      )
      await checkQuiet('the report', { content })
    },
  ),
)

/** Checks the pages that the project and a plain nbconvert of `.venv` make of a notebook. */
async function checkPages(name: string, notebook: Notebook): Promise<void> {
  const [report, plain] = [path.join(folder, `${name}-report.html`), path.join(folder, `${name}.ipynb`)]
  await writeReport(report, notebook)
  writeFileSync(plain, wellFormedJson(notebook))
  const jupyter = path.join(root, '.venv', 'bin', 'jupyter')
  await promisify(execFile)(jupyter, ['nbconvert', '--to', 'html', plain], { cwd: folder })
  for (const file of [report, plain.replace('.ipynb', '.html')]) {
    const content = readFileSync(file, 'utf8')
    assert.match(content, NOTEBOOK_POLICY)
    await checkQuiet(path.basename(file), { content })
  }
}

/** The policy, first in the head. */
const NOTEBOOK_POLICY =
  /<head>\s*<meta (?=[^>]*http-equiv="Content-Security-Policy")[^>]*content="default-src 'none'; img-src data:;/

/** Payloads of a notebook: a page of all of them takes a browser half a minute. */
const CHUNK = 8
const chunks = Array.from({ length: Math.ceil(payloads.length / CHUNK) }, (_, i) =>
  payloads.filter((_, at) => at % Math.ceil(payloads.length / CHUNK) === i),
)

const kernelspec = path.join(root, '.venv', 'share', 'jupyter', 'kernels', 'recurlab', 'kernel.json')
const skipPages =
  skip || (existsSync(kernelspec) ? false : 'there is no .venv with the kernel recurlab (npm run setup)')

test(
  ...trials(
    'a notebook of somebody else with hostile texts everywhere does nothing in its report and in nbconvert’s page',
    { cases: chunks, sample: 1, skip: skipPages },
    (chunk: readonly Payload[], { index }) => checkPages(`notebook-${index}`, hostileNotebook(chunk)),
  ),
)
