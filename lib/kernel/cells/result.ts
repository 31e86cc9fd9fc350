import { types } from 'node:util'
import type { MimeBundle } from '../../notebook/host.js'
import type { Content } from '../protocol.js'
import { describeThrown } from './failure.js'
import { inspectBounded } from './inspect.js'
import type { Loader } from './loader/index.js'
import { asJson } from './wire.js'

/** Marks the handles returned by lib's `show`, whose value is already shown. */
const SHOWN = Symbol.for('recurlab.shown')
/** The method that returns the forms of an object. */
const DISPLAY = Symbol.for('Jupyter.display')

/** The part of lib/notebook/bundle.ts that is used here. */
interface Bundles {
  resultBundle(value: unknown): MimeBundle | null
}

/** The part of lib/notebook/stills.ts that is used here. */
interface Stills {
  stillsOfResult(value: unknown): Promise<MimeBundle | null>
}

/** Returns the forms of a cell's last value by MIME type, as JSON; null when nothing is shown. Never rejects. */
export async function resultOf(value: unknown, loader: Loader): Promise<Content | null> {
  if (value === undefined || value === null) return null
  try {
    if (isObject(value) && (value as { [SHOWN]?: unknown })[SHOWN] === true) return null
    const forms = await richForms(value, loader)
    return asJson(forms ? { ...forms, ...(await stills(value, loader)) } : { 'text/plain': inspectBounded(value) })
  } catch (error) {
    const reason = `(its own display failed: ${describeThrown(error).evalue})`
    return { 'text/plain': `${textOf(value)}\n${reason}` }
  }
}

async function richForms(value: unknown, loader: Loader): Promise<MimeBundle | null> {
  if (!isObject(value)) return null
  const display = (value as { [DISPLAY]?: unknown })[DISPLAY]
  if (typeof display === 'function') {
    const bundle = (await (display.call(value) as unknown)) as MimeBundle
    if (!isObject(bundle) || Array.isArray(bundle))
      throw new TypeError(
        `its method Jupyter.display must return an object keyed by MIME type, not ${inspectBounded(bundle)}`,
      )
    return 'text/plain' in bundle ? bundle : { ...bundle, 'text/plain': inspectBounded(value) }
  }
  if (!mayBeRich(value)) return null
  const bundles = (await loader.loadLib('lib/notebook/bundle.ts')) as Partial<Bundles> | null
  return bundles?.resultBundle?.(value) ?? null
}

/** Keys of values that may have stills: `layout` of figures, `svg` of pictures. */
const DRAWN = ['layout', 'svg']

async function stills(value: unknown, loader: Loader): Promise<MimeBundle | null> {
  if (!isObject(value) || types.isProxy(value) || !DRAWN.some((sign) => sign in value)) return null
  const module = (await loader.loadLib('lib/notebook/stills.ts')) as Partial<Stills> | null
  return (await module?.stillsOfResult?.(value)) ?? null
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}

/** Properties of figures, tensors and tables: lib need not be loaded for values without them. */
const SIGNS = ['layout', 'dataSync', 'getChildAt', 'numRows']
/** Minimum length of arrays that lib displays; shorter ones are printed whole. */
const LONG_ARRAY = 100

function mayBeRich(value: object): boolean {
  if (typeof value === 'function' || types.isProxy(value)) return false
  if (types.isTypedArray(value)) return value.length > LONG_ARRAY
  return SIGNS.some((sign) => sign in value)
}

function textOf(value: unknown): string {
  try {
    return inspectBounded(value)
  } catch {
    return typeof value
  }
}
