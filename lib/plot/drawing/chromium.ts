import path from 'node:path'
import { UserError } from '../../errors.js'
import { fileOperations as fs } from '../../files/operations.js'
import { projectFolder } from '../../files/places.js'
import { BrowserFailure, DevTools } from './devtools.js'
import { allFaces, facesOfSvg, fontCss } from './fonts.js'
import type { Drawing, DrawingRequest } from './request.js'

/** A browser with a page that has plotly.js and the fonts. */
interface Page {
  readonly file: string
  readonly devTools: DevTools
  readonly session: string
  /** E.g. `Chromium 156`. */
  readonly name: string
  idle: NodeJS.Timeout | null
}

/** Milliseconds that the browser is kept after the last figure; it never keeps the process alive. */
const IDLE_MS = 20_000
/** Time limit of a figure, which takes about 0.1 s, and of a start, which takes 1 to 3 s. */
const TIMEOUT_MS = 60_000
let page: Page | null = null
/** Figures are drawn one after the other: they share a page. */
let turn: Promise<unknown> = Promise.resolve()

/**
 * Draws a figure with plotly.js in the system's Chromium, over which no network is reached. One browser serves all calls
 * in turn.
 *
 * @param file path of the browser
 * @throws BrowserFailure when the browser does not start, ends or does not answer; UserError when plotly.js cannot draw
 * the figure.
 */
export function drawWithChromium(file: string, request: DrawingRequest): Promise<Drawing> {
  const drawn = turn.then(() => drawNow(file, request))
  turn = drawn.catch(() => {})
  return drawn
}

async function drawNow(file: string, request: DrawingRequest): Promise<Drawing> {
  if (page && (page.file !== file || page.devTools.ended)) {
    page.devTools.end('another browser is used')
    page = null
  }
  if (page?.idle) clearTimeout(page.idle)
  const devTools = page?.devTools ?? new DevTools(file)
  devTools.keepAlive(true)
  const limit = setTimeout(() => devTools.end(`no answer within ${TIMEOUT_MS / 1000} s`), TIMEOUT_MS)
  try {
    page ??= await openPage(file, devTools)
    return { content: await contentOf(page, request), engine: page.name }
  } catch (error) {
    // Without a page no later figure would find the browser.
    if (error instanceof BrowserFailure || page === null) devTools.end('it failed')
    throw error
  } finally {
    clearTimeout(limit)
    devTools.keepAlive(false)
    if (page) page.idle = setTimeout(() => devTools.end('idle'), IDLE_MS).unref()
  }
}

async function openPage(file: string, devTools: DevTools): Promise<Page> {
  const { product } = await devTools.send('Browser.getVersion')
  const { targetId } = await devTools.send('Target.createTarget', { url: 'about:blank' })
  const { sessionId } = await devTools.send('Target.attachToTarget', { targetId, flatten: true })
  const session = String(sessionId)
  const { frameTree } = await devTools.send('Page.getFrameTree', {}, session)
  const frameId = (frameTree as { frame: { id: string } }).frame.id
  await devTools.send('Page.setDocumentContent', { frameId, html: pageHtml() }, session)
  const plotly = path.join(projectFolder, 'node_modules', 'plotly.js', 'dist', 'plotly.min.js')
  await evaluate(devTools, session, `${fs.readFileSync(plotly, 'utf8')}\n;0`)
  // The product is called Chrome in Chromium too.
  const version = /\/(\d+)/.exec(String(product))?.[1] ?? 'of an unknown version'
  return { file, devTools, session, name: `Chromium ${version}`, idle: null }
}

/** The page: no source but what is inside it. plotly.js compiles the shaders of WebGL traces. */
function pageHtml(): string {
  const policy =
    "default-src 'none'; script-src 'unsafe-eval'; style-src 'unsafe-inline'; font-src data:; img-src data: blob:"
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${policy}"><title></title><style>${fontCss(allFaces())}
html, body { margin: 0 } svg { display: block }</style></head><body></body></html>`
}

/** Returns the SVG as plotly.js writes it, or the bytes of another format. */
async function contentOf({ devTools, session }: Page, request: DrawingRequest): Promise<Drawing['content']> {
  const { figure, format, pixels, inches, dpi } = request
  const svg = String(await evaluate(devTools, session, drawingScript(figure, pixels)))
  if (format === 'svg') return svg
  if (format === 'png') {
    const data = String(await evaluate(devTools, session, rasterScript(svg, inches, dpi)))
    return Buffer.from(data.slice(data.indexOf(',') + 1), 'base64')
  }
  await evaluate(devTools, session, placingScript(svg, inches))
  const data = await pdf(devTools, session, inches)
  await evaluate(devTools, session, 'document.body.replaceChildren()')
  return Buffer.from(data, 'base64')
}

type Size = DrawingRequest['inches']

async function pdf(devTools: DevTools, session: string, inches: Size): Promise<string> {
  const margins = { marginTop: 0, marginBottom: 0, marginLeft: 0, marginRight: 0 }
  const page = { paperWidth: inches.width, paperHeight: inches.height, pageRanges: '1', ...margins }
  const options = { printBackground: true, generateTaggedPDF: false, generateDocumentOutline: false, ...page }
  return String((await devTools.send('Page.printToPDF', options, session)).data)
}

/** Loads the fonts of the figure's letters first: plotly.js measures text while it draws. */
function drawingScript(figure: unknown, pixels: Size): string {
  const json = JSON.stringify(JSON.stringify(figure))
  const options = JSON.stringify({ format: 'svg', imageDataOnly: true, ...pixels })
  return `(async () => {
    const text = ${json} + ' 0123456789.,+\\u2212%'
    const fonts = ['Tinos', 'Arimo'].filter((family) => text.includes(family))
    await Promise.all(fonts.flatMap((family) =>
      ['', 'bold ', 'italic ', 'italic bold '].map((style) => document.fonts.load(style + '13px ' + family, text))))
    return await Plotly.toImage(JSON.parse(${json}), ${options})
  })()`
}

/**
 * Draws on a canvas, whose pixels are the same every time; those of a screenshot differ by the order in which the parts of a
 * page are painted. A picture has no fonts but those inside it.
 */
function rasterScript(svg: string, inches: Size, dpi: number): string {
  const [width, height] = [inches.width, inches.height].map((inch) => Math.round(inch * dpi))
  const [start = ''] = /^<svg[^>]*>/.exec(svg) ?? []
  const sized = start
    .replace(/ width="[^"]*"/, ` width="${width}"`)
    .replace(/ height="[^"]*"/, ` height="${height}" preserveAspectRatio="none"`)
  const whole = `${sized}<style>${fontCss(facesOfSvg(svg))}</style>${svg.slice(start.length)}`
  const source = `data:image/svg+xml;base64,${Buffer.from(whole).toString('base64')}`
  return `(async () => {
    const image = new Image()
    image.src = ${JSON.stringify(source)}
    await image.decode()
    const canvas = Object.assign(document.createElement('canvas'), { width: ${width}, height: ${height} })
    canvas.getContext('2d').drawImage(image, 0, 0, ${width}, ${height})
    return canvas.toDataURL('image/png')
  })()`
}

/**
 * Puts the drawing on the page at its size on paper. Hatched areas become lines cut to the area: printing would turn their
 * SVG patterns into blurred pixels.
 */
function placingScript(svg: string, { width, height }: Size): string {
  return `(async () => {
    document.body.innerHTML = ${JSON.stringify(svg)}
    const svg = document.body.firstElementChild
    svg.setAttribute('width', '${width}in')
    svg.setAttribute('height', '${height}in')
    svg.setAttribute('preserveAspectRatio', 'none')
    const made = (name, attributes, children) => {
      const element = document.createElementNS('http://www.w3.org/2000/svg', name)
      for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value)
      element.append(...children)
      return element
    }
    for (const [place, area] of [...svg.querySelectorAll('.pattern_filled')].entries()) {
      const [, id] = /url\\(["']?#([^"')]+)["']?\\)/.exec(area.style.fill) ?? []
      const pattern = id === undefined ? null : document.getElementById(id)
      const transform = pattern?.getAttribute('patternTransform') ?? ''
      const [, scale] = /^scale\\(([\\d.]+)\\)$/.exec(transform) ?? [transform, transform === '' ? 1 : 0]
      if (pattern?.tagName !== 'pattern' || !(scale > 0)) continue
      const [width, height] = [pattern.width.baseVal.value * scale, pattern.height.baseVal.value * scale]
      const box = area.getBBox()
      if (!((box.width / width + 2) * (box.height / height + 2) < 20000)) continue
      const tiles = []
      for (let x = Math.floor(box.x / width) * width; x < box.x + box.width; x += width)
        for (let y = Math.floor(box.y / height) * height; y < box.y + box.height; y += height)
          tiles.push(made('g', { transform: 'translate(' + x + ',' + y + ') scale(' + scale + ')' },
            [...pattern.cloneNode(true).children]))
      const outline = made('path', { d: area.getAttribute('d') }, [])
      const cut = made('g', { 'clip-path': 'url(#area' + place + ')' }, tiles)
      const around = Object.fromEntries(['clip-path', 'transform'].filter((name) => area.hasAttribute(name))
        .map((name) => [name, area.getAttribute(name)]))
      area.before(made('g', around, [made('clipPath', { id: 'area' + place }, [outline]), cut]))
      area.style.fill = 'none'
    }
    await document.fonts.ready
  })()`
}

/** @throws UserError with the reason when the script fails. */
async function evaluate(devTools: DevTools, session: string, expression: string): Promise<unknown> {
  const options = { expression, awaitPromise: true, returnByValue: true }
  const { result, exceptionDetails } = await devTools.send('Runtime.evaluate', options, session)
  if (exceptionDetails === undefined) return (result as { value?: unknown }).value
  const { exception, text } = exceptionDetails as {
    readonly exception?: { readonly description?: string; readonly value?: unknown }
    readonly text?: string
  }
  const reason = exception?.description?.split('\n')[0] ?? exception?.value ?? text ?? 'no reason given'
  throw new UserError(`plotly.js could not draw the figure: ${String(reason)}`)
}
