import { UserError } from '../../errors.js'
import { sizeText } from '../../files/space.js'
import { limitOf } from '../../setup/machine.mjs'
import { drawWithKaleido, kaleidoFolder } from '../kaleido.js'
import { drawWithChromium } from './chromium.js'
import { BrowserFailure } from './devtools.js'
import { findChromium } from './find-chromium.js'
import type { Drawing, DrawingRequest } from './request.js'

/** Failures of the system's browser after which kaleido draws everything. */
const FAILURES = 2

/** Bytes of address space with which kaleido's browser starts; with half of them it hangs. */
const BROWSER_SPACE = 16e9

let failures = 0
const said = new Set<string>()

/**
 * Draws a figure with the system's Chromium, or, where there is none or it fails, with the browser of the kaleido wheel.
 *
 * @throws UserError when neither is there, or the figure cannot be drawn.
 */
export async function draw(request: DrawingRequest): Promise<Drawing> {
  const space = limitOf('address space')
  if (space < BROWSER_SPACE)
    throw new UserError({
      where: 'figures',
      expected: `at least ${sizeText(BROWSER_SPACE)} of address space for a browser, which reserves more than it uses`,
      found: `a limit of ${sizeText(space)}`,
      todo: 'Lift it (ulimit -v unlimited); a control group can limit the memory instead.',
    })
  const found = findChromium()
  if (!('file' in found)) {
    if (found.asked) say(`${found.reason}; kaleido draws the figures instead`)
    return drawOtherwise(request, found.reason)
  }
  if (failures >= FAILURES) return drawOtherwise(request, `${found.file} failed ${failures} times`)
  try {
    return await drawWithChromium(found.file, request)
  } catch (error) {
    if (!(error instanceof BrowserFailure)) throw error
    failures++
    const reason = `${found.file} failed: ${error.message}`
    say(`${reason}; kaleido draws instead`)
    return drawOtherwise(request, reason)
  }
}

async function drawOtherwise(request: DrawingRequest, reason: string): Promise<Drawing> {
  if (kaleidoFolder() === null)
    throw new UserError({
      where: 'figures',
      expected: 'a Chromium, Chrome or Edge, or the Python package kaleido 0.2.1',
      found: `neither; ${reason}`,
      todo: 'Install Chromium, or run npm start, which installs kaleido (Linux and macOS only).',
    })
  const { figure, format, pixels, inches, dpi } = request
  const scale = format === 'png' ? Math.round(inches.width * dpi) / pixels.width : 1
  const result = await drawWithKaleido({ data: figure, format, ...pixels, scale })
  return { content: format === 'svg' ? result : Buffer.from(result, 'base64'), engine: 'kaleido 0.2.1' }
}

/** Says something once in the life of the process. */
function say(text: string): void {
  if (!said.has(text)) process.stderr.write(`Figures: ${text}.\n`)
  said.add(text)
}
