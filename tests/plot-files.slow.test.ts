import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'
import { unescapeXml } from '../lib/escape/xml.js'
import { bars } from '../lib/plot/bars.js'
import { curves } from '../lib/plot/curves.js'
import { drawWithChromium } from '../lib/plot/drawing/chromium.js'
import { BrowserFailure, DevTools } from '../lib/plot/drawing/devtools.js'
import { findChromium } from '../lib/plot/drawing/find-chromium.js'
import type { Figure } from '../lib/plot/figure.js'
import { kaleidoFolder } from '../lib/plot/kaleido.js'
import { withSources } from '../lib/plot/sources.js'
import { drawFigure, type RenderOptions, renderFigure } from '../lib/plot/static.js'
import { root, tsx } from './shared.js'

const found = findChromium()
const skip = 'file' in found ? false : `no browser to draw with: ${found.reason}`
const withoutKaleido = kaleidoFolder() === null ? 'kaleido is not installed (npm run setup)' : false

const RUN = '20261104-093012-sudoku-mlp-3fa9'
const figure = withSources(
  curves(
    [0, 1].map((i) => ({ name: `μ = ${i}`, x: [0, 1, 2], y: [i, 1, 2] })),
    { title: 'Learning', x: 'optimiser step', y: 'exact accuracy (%)' },
  ),
  { runs: [RUN], code: ['4060510'], data: ['0123456789ab'] },
)
const hatched = bars([{ name: 'MLP', values: [60, 90], reported: 87.4 }])

/** Draws in a process of its own, and returns what its script prints. */
async function elsewhere(script: string, env: Readonly<Record<string, string>> = {}) {
  const text = `import { drawFigure, renderFigure } from './lib/plot/static.js'\n${script}`
  const args = ['--import', tsx, '--input-type=module', '--eval', text]
  return promisify(execFile)(process.execPath, args, { cwd: root, env: { ...process.env, ...env }, timeout: 60_000 })
}

interface PdfFacts {
  readonly points: readonly number[]
  readonly fonts: readonly string[]
  readonly files: number
  readonly images: number
}

function pdfFacts(pdf: Uint8Array): PdfFacts {
  const text = Buffer.from(pdf).toString('latin1')
  return {
    points: [...text.matchAll(/\/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]/g)].at(-1)!.slice(1).map(Number),
    fonts: [...new Set([...text.matchAll(/\/BaseFont \/[A-Z]{6}\+([\w-]+)/g)].map(([, name]) => name!))],
    files: text.match(/\/FontFile[23]? /g)?.length ?? 0,
    images: text.match(/\/Subtype \/Image/g)?.length ?? 0,
  }
}

test('a PDF for a venue has its exact size, its embedded font and no pixels, hatched areas included', {
  skip,
}, async () => {
  const cases: [Figure, RenderOptions, number, string][] = [
    [figure, { venue: 'icml' }, 3.25, 'Tinos-Regular'],
    [figure, { venue: 'nature', column: 'double', height: 2 }, 183 / 25.4, 'Arimo-Regular'],
    [hatched, { venue: 'neurips' }, 5.5, 'Tinos-Regular'],
    [hatched, {}, 700 / 96, 'Arimo-Regular'],
  ]
  for (const [drawn, options, width, font] of cases) {
    const { points, fonts, files, images } = pdfFacts(await renderFigure(drawn, 'pdf', options))
    assert.ok(Math.abs(points[0]! - width * 72) < 1e-3, `${points[0]} points`)
    if (options.height !== undefined) assert.ok(Math.abs(points[1]! - options.height * 72) < 1e-3)
    assert.ok(fonts.includes(font), fonts.join(', '))
    assert.ok(
      fonts.every((name) => /^(Tinos|Arimo)/.test(name)),
      fonts.join(', '),
    )
    assert.ok(files >= fonts.length)
    assert.equal(images, 0)
  }
})

test('a PNG has the pixels and the resolution that were asked for', { skip }, async () => {
  for (const [options, width, height, dpi] of [
    [{ venue: 'icml', height: 2 }, 975, 600, 300],
    [{ venue: 'acl', height: 1.5, dpi: 600 }, 1819, 900, 600],
    [{}, 1400, 840, 192],
  ] as const) {
    const png = Buffer.from(await renderFigure(hatched, 'png', options))
    assert.deepEqual([png.readUInt32BE(16), png.readUInt32BE(20)], [width, height])
    const at = png.indexOf('pHYs')
    assert.deepEqual(
      [png.readUInt32BE(at + 4), png.readUInt32BE(at + 8), png[at + 12]],
      [Math.round(dpi / 0.0254), Math.round(dpi / 0.0254), 1],
    )
  }
})

test('an SVG for a venue has its size in inches and the fonts of its letters; without a venue it has no fonts', {
  skip,
}, async () => {
  const svg = await renderFigure(figure, 'svg', { venue: 'icml', height: 2 })
  assert.match(svg, /^<svg [^>]*height="2in"[^>]* width="3\.25in"/)
  const faces = [...svg.matchAll(/@font-face\{font-family:(\w+);font-weight:(\d+);font-style:(\w+)/g)]
  const named = faces.map(([, ...parts]) => parts.join(' '))
  // Latin and Greek, regular and, for the title, bold.
  assert.deepEqual([...new Set(named)].sort(), ['Tinos 400 normal', 'Tinos 700 normal'])
  assert.equal(named.length, 4)
  assert.ok(svg.length < 200_000, String(svg.length))
  assert.doesNotMatch(await renderFigure(figure, 'svg'), /@font-face/)
  assert.match(await renderFigure(figure, 'svg', { embedFonts: true }), /@font-face\{font-family:Arimo/)
})

test('a file says what it shows, its runs, code and data, and the program that drew it', { skip }, async () => {
  const { engine, content } = await drawFigure(figure, 'svg')
  assert.match(engine, /^Chromium \d+$/)
  const metadata = JSON.parse(unescapeXml(/<metadata>(.*?)<\/metadata>/.exec(String(content))![1]!))
  assert.deepEqual(metadata, {
    creator: 'Recurlab',
    drawnBy: `${engine}, plotly.js 3.7.0`,
    runs: [RUN],
    code: ['4060510'],
    data: ['0123456789ab'],
  })
  const caption = `Learning. Exact accuracy (%) against optimiser step. Run ${RUN}, code 4060510, data 0123456789ab.`
  assert.ok(String(content).includes(`<desc>${caption}</desc>`))
  const pdf = Buffer.from(await renderFigure(figure, 'pdf')).toString('latin1')
  const info = pdf.slice(pdf.lastIndexOf('/Subject'))
  assert.ok(info.startsWith(`/Subject (${caption.replace(/[()]/g, '\\$&')})`))
  assert.match(info, new RegExp(`/Keywords \\(runs: ${RUN}; code: 4060510; data: 0123456789ab\\)`))
  assert.match(info, new RegExp(`/Producer \\(${engine}, plotly.js 3.7.0\\)`))
  const png = Buffer.from(await renderFigure(figure, 'png')).toString('latin1')
  assert.ok(png.includes(`tEXtDescription\0${caption}`))
  assert.ok(png.includes(`tEXtSoftware\0Recurlab; ${engine}`))
  const greek = withSources(curves([], { title: 'Größe μ' }), { runs: ['r'] })
  assert.ok(Buffer.from(await renderFigure(greek, 'png')).includes(Buffer.from('Größe μ. Run r.')))
  assert.ok(Buffer.from(await renderFigure(greek, 'pdf')).includes('/Subject <feff0047007200f600df0065002003bc'))
})

test('a browser that cannot be started is a failure with its reason, and nothing is left of it', async () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'recurlab-files-'))
  try {
    const file = path.join(folder, 'browser')
    writeFileSync(file, 'no program', { mode: 0o644 })
    for (const [executable, reason] of [
      [file, /EACCES/],
      [path.join(folder, 'missing'), /ENOENT/],
    ] as const) {
      const devTools = new DevTools(executable)
      await assert.rejects(devTools.send('Browser.getVersion'), reason)
      assert.equal(devTools.ended, true)
      await assert.rejects(devTools.send('Browser.getVersion'), BrowserFailure)
    }
    const left = readdirSync(os.tmpdir()).filter((name) => name.startsWith(`recurlab-chromium-${process.pid}-`))
    assert.ok(left.length <= 1, left.join())
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

test('a browser in which plotly.js does not load is ended', async () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'recurlab-files-'))
  try {
    const file = path.join(folder, 'browser')
    const reply = `{ product: 'C/1', targetId: '1', sessionId: '1', frameTree: { frame: { id: '1' } }, result: {}, ...wrong }`
    const script = `#!${process.execPath}
      const fs = require('node:fs')
      let text = ''
      fs.createReadStream(null, { fd: 3 }).setEncoding('utf8').on('data', (chunk) => {
        for (const sign of chunk) {
          if (sign !== '\0') { text += sign; continue }
          const { id, method } = JSON.parse(text)
          text = ''
          const wrong = method === 'Runtime.evaluate' ? { exceptionDetails: { text: 'no memory' } } : {}
          fs.writeSync(4, JSON.stringify({ id, result: ${reply} }) + '\0')
        }
      })`
    writeFileSync(file, script, { mode: 0o755 })
    const request = { figure, format: 'svg', pixels: { width: 9, height: 9 }, inches: { width: 1, height: 1 } } as const
    await assert.rejects(drawWithChromium(file, { ...request, dpi: 96 }), /could not draw the figure: no memory/)
    const left = readdirSync(os.tmpdir()).filter((name) => name.startsWith(`recurlab-chromium-${process.pid}-`))
    assert.deepEqual(left, [])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

test('no address is asked for what a figure refers to', { skip }, async () => {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(request.url ?? '')
    response.end()
  }).listen(0, '127.0.0.1')
  after(() => server.close())
  await once(server, 'listening')
  const source = `http://127.0.0.1:${(server.address() as AddressInfo).port}/picture.png`
  const image = { source, xref: 'paper', yref: 'paper', x: 0, y: 1, sizex: 1, sizey: 1 }
  await renderFigure({ data: [{ y: [1, 2] }], layout: { images: [image] } }, 'png').catch(() => {})
  assert.deepEqual(asked, [])
})

test('a legend of many long names is drawn whole above the plot, and a height without room for it is refused', {
  skip,
}, async () => {
  const long = 'a configuration with a name that is as long as a line of the column'
  const many = curves(Array.from({ length: 12 }, (_, i) => ({ name: `${long} ${i}`, x: [0, 1], y: [0, i] })))
  await assert.rejects(renderFigure(many, 'svg', { venue: 'icml', height: 1 }), {
    name: 'UserError',
    message: /^height: expected room for the plot below a title and legend of about \d\.\d inches, found 1 inches\./,
  })
  const svg = await renderFigure(many, 'svg', { venue: 'icml', embedFonts: false })
  const height = (pattern: RegExp): number => Number(/\bheight="([\d.]+)"/.exec(pattern.exec(svg)![0])![1])
  // The legend's window, which scrolls on a screen, is as high as its twelve names of two lines.
  assert.ok(height(/<clipPath [^>]*legend[^>]*><rect [^>]*>/) > 12 * 2 * 13)
})

test('another process draws the same bytes, and ends by itself while its browser is kept', { skip }, async () => {
  const cases = (['svg', 'png', 'pdf'] as const).flatMap((format) =>
    [{}, { venue: 'acl' as const }].map((options) => ({ format, options })),
  )
  const drawn = await elsewhere(
    `for (const { format, options } of JSON.parse(process.env.CASES))
       console.log(Buffer.from(await renderFigure(JSON.parse(process.env.FIGURE), format, options)).toString('base64'))`,
    { FIGURE: JSON.stringify(hatched), CASES: JSON.stringify(cases) },
  )
  assert.equal(drawn.stderr, '')
  const there = drawn.stdout.trim().split('\n')
  assert.equal(there.length, cases.length)
  for (const [i, { format, options }] of cases.entries()) {
    const here = Buffer.from(await renderFigure(hatched, format, options)).toString('base64')
    assert.equal(digest(there[i]!), digest(here), `${format} ${JSON.stringify(options)}`)
  }
})

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

for (const [what, own] of [
  ['is not there', null],
  ['fails at its start', '#!/bin/sh\nexit 3\n'],
] as const)
  test(`kaleido draws, and says why, where the browser of RECURLAB_CHROMIUM ${what}; the size on paper is the same`, {
    skip: withoutKaleido,
  }, async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'recurlab-files-'))
    try {
      const file = path.join(folder, 'browser')
      if (own !== null) writeFileSync(file, own, { mode: 0o755 })
      const script = `const figure = JSON.parse(process.env.FIGURE)
        const options = { venue: 'icml', height: 2 }
        const { content, engine } = await drawFigure(figure, 'pdf', options)
        const box = [...Buffer.from(content).toString('latin1').matchAll(/MediaBox \\[([^\\]]*)\\]/g)].at(-1)[1]
        const png = Buffer.from(await renderFigure(figure, 'png', options))
        console.log([engine, box, png.readUInt32BE(16), png.readUInt32BE(20)].join(', '))`
      const { stdout, stderr } = await elsewhere(script, { FIGURE: JSON.stringify(figure), RECURLAB_CHROMIUM: file })
      assert.equal(stdout, 'kaleido 0.2.1, 0 0 234 144, 975, 600\n')
      const said =
        own === null
          ? /^Figures: RECURLAB_CHROMIUM: no file .*; kaleido draws the figures instead\.$/
          : /^Figures: .*browser failed: it ended \(3\)\. ?; kaleido draws instead\.$/
      assert.match(stderr.trim(), said)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })

test('Ctrl-C at its terminal does not end the browser, and the end of its process does, even by force', {
  skip: skip || (process.platform === 'linux' ? false : 'reads /proc'),
}, async () => {
  const script = `import { renderFigure } from './lib/plot/static.js'
    process.on('SIGINT', () => {})
    setInterval(() => {}, 1000)
    await renderFigure({ data: [{ y: [1] }], layout: {} }, 'svg')
    console.log('drawn')
    process.on('SIGUSR2', async () => {
      await renderFigure({ data: [{ y: [2] }], layout: {} }, 'svg')
      console.log('again')
    })`
  const args = ['--import', tsx, '--input-type=module', '--eval', script]
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'], detached: true })
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (said += chunk))
  const until = async (what: string, done: () => boolean): Promise<void> => {
    for (let i = 0; i < 600 && !done(); i++) await setTimeout(50)
    assert.ok(done(), what)
  }
  await until('drawn', () => said.includes('drawn'))
  const browser = childOf(child.pid!)
  assert.ok(browser !== null)
  // What a terminal sends: to the whole process group.
  process.kill(-child.pid!, 'SIGINT')
  child.kill('SIGUSR2')
  await until('again', () => said.includes('again'))
  assert.equal(childOf(child.pid!), browser)
  child.kill('SIGKILL')
  await until('the browser ends', () => !isAlive(browser))
  // Its profile is left; the browser of the next process removes it after an hour.
  const left = readdirSync(os.tmpdir()).filter((name) => name.startsWith(`recurlab-chromium-${child.pid}-`))
  assert.equal(left.length, 1)
  utimesSync(path.join(os.tmpdir(), left[0]!), 1, 1)
  await elsewhere(`await renderFigure({ data: [], layout: {} }, 'svg')`)
  assert.equal(existsSync(path.join(os.tmpdir(), left[0]!)), false)
})

/** The browser of a process; null without one. */
function childOf(pid: number): number | null {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .trim()
    .split(' ')
    .filter(Boolean)
    .map(Number)
  return (
    children.find((each) => readFileSync(`/proc/${each}/cmdline`, 'utf8').includes('--remote-debugging-pipe')) ?? null
  )
}

function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}
