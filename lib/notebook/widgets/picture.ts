import type { Content } from '../host.js'
import { escapeHtml } from '../html.js'
import { formatNumber } from './format.js'
import { labelOf } from './label.js'
import type { ModelTree } from './model.js'

/** Widgets are read in light and dark pages: only their frames are drawn, in the colour of the text. */
const FRAME = 'display: inline-block; border: 1px solid currentColor; border-radius: 2px; padding: 0 0.5em'
const LINE = 'display: flex; gap: 0.6em; align-items: center; margin: 2px 0'
const TRACK =
  'display: inline-block; position: relative; width: 12em; height: 4px; border-radius: 2px; ' +
  'background: color-mix(in srgb, currentColor 25%, transparent)'

/** Boxes in boxes are drawn so deep. */
const DEEPEST = 20

/**
 * A picture of a widget's state: HTML without scripts, in which every text of the state is escaped, and from which its
 * value can be read as plain text too.
 */
export function widgetHtml(tree: ModelTree): string {
  return `<div class="recurlab-widget">${draw(tree, 0)}</div>`
}

function draw(tree: ModelTree, depth: number): string {
  const { state } = tree
  switch (tree.name) {
    case 'HBoxModel':
      return box('row', tree, depth)
    case 'VBoxModel':
      return box('column', tree, depth)
    case 'IntSliderModel':
      return line(state, track(share(state, 0, 100), true), readout(state, 'd'))
    case 'FloatSliderModel':
      return line(state, track(share(state, 0, 100), true), readout(state, '.2f'))
    case 'FloatLogSliderModel':
      return line(state, track(logShare(state), true), readout(state, '.3g'))
    case 'IntProgressModel':
    case 'FloatProgressModel': {
      const max = numberOf(state, 'max', 100)
      return line(
        state,
        track(share(state, 0, 100), false),
        span(`${formatNumber(amountOf(state))} of ${formatNumber(max)}`),
      )
    }
    case 'IntTextModel':
    case 'FloatTextModel':
    case 'BoundedIntTextModel':
    case 'BoundedFloatTextModel':
      return line(state, span(String(amountOf(state)), FRAME))
    case 'DropdownModel':
      return line(state, span(`${chosen(state)} ▾`, FRAME))
    case 'CheckboxModel':
      return `<div style="${LINE}">${span(state.value === true ? '☑' : '☐')}${span(labelOf(state))}</div>`
    case 'TextModel':
      return line(state, span(textOf(state, 'value') || ' ', FRAME))
    case 'ButtonModel':
      return `<div style="${LINE}">${span(labelOf(state), `${FRAME}; border-radius: 4px`)}</div>`
    case 'LabelModel':
      return `<div style="${LINE}">${span(textOf(state, 'value'))}</div>`
    default:
      return line(state, span(tree.name.replace(/Model$/, '')))
  }
}

function box(direction: 'row' | 'column', { children }: ModelTree, depth: number): string {
  const inside = depth < DEEPEST ? children.map((child) => draw(child, depth + 1)).join('') : ''
  const gap = direction === 'row' ? 'gap: 1.5em; flex-wrap: wrap; align-items: center' : 'gap: 0'
  return `<div style="display: flex; flex-direction: ${direction}; ${gap}">${inside}</div>`
}

function line(state: Content, ...parts: readonly string[]): string {
  const label = labelOf(state)
  return `<div style="${LINE}">${label ? span(label) : ''}${parts.join('')}</div>`
}

function span(text: string, style?: string): string {
  return `<span${style ? ` style="${style}"` : ''}>${escapeHtml(text)}</span>`
}

/** A bar of which a part is filled, with a handle at its end or without. */
function track(part: number, handle: boolean): string {
  const percent = Number((Math.min(1, Math.max(0, part)) * 100).toFixed(1))
  const filled = `position: absolute; left: 0; width: ${percent}%; height: 100%; border-radius: 2px; background: currentColor`
  const knob =
    `position: absolute; left: calc(${percent}% - 6px); top: -4px; width: 12px; height: 12px; ` +
    'border-radius: 50%; background: currentColor'
  return `<span style="${TRACK}"><span style="${filled}"></span>${handle ? `<span style="${knob}"></span>` : ''}</span>`
}

function readout(state: Content, format: string): string {
  if (state.readout === false) return ''
  return span(formatNumber(amountOf(state), typeof state.readout_format === 'string' ? state.readout_format : format))
}

/** How far the value lies between the ends. The front end's own ends apply where a saved state leaves them out. */
function share(state: Content, low: number, high: number): number {
  const [min, max] = [numberOf(state, 'min', low), numberOf(state, 'max', high)]
  return max > min ? (amountOf(state) - min) / (max - min) : 0
}

function logShare(state: Content): number {
  const exponent = Math.log(numberOf(state, 'value', 1)) / Math.log(numberOf(state, 'base', 10))
  return Number.isFinite(exponent) ? share({ ...state, value: exponent }, 0, 4) : 0
}

function chosen(state: Content): string {
  const labels: unknown = state._options_labels
  const label: unknown = Array.isArray(labels) && typeof state.index === 'number' ? labels[state.index] : ''
  return typeof label === 'string' ? label : ''
}

function amountOf(state: Content): number {
  return numberOf(state, 'value', 0)
}

function numberOf(state: Content, key: string, otherwise: number): number {
  const value = state[key]
  return typeof value === 'number' && Number.isFinite(value) ? value : otherwise
}

function textOf(state: Content, key: string): string {
  const value = state[key]
  return typeof value === 'string' ? value : ''
}
