import { escapeHtml, NO_FORMULAS } from '../../escape/html.js'
import type { Content } from '../host.js'
import { formatNumber } from './format.js'
import { labelOf } from './label.js'
import type { ModelTree } from './model.js'

/**
 * Widgets appear on light and dark pages, so their frames are grey. A notebook that is not trusted loses scripts and many
 * styles (`currentColor`, `flex`); these styles survive, and without any the texts still stand on separate lines.
 */
const FRAME = 'display: inline-block; border: 1px solid #808080; border-radius: 2px; padding: 0 8px'
const LINE = 'margin: 3px 0'
const ITEM = 'display: inline-block; margin: 0 10px 0 0'
const TRACK =
  'display: inline-block; width: 160px; height: 8px; border: 1px solid #808080; border-radius: 4px; ' +
  'vertical-align: middle; line-height: 0; overflow: hidden'

/** Shown below a picture of an interactive widget without a live kernel. */
const NOTE = 'Shown as it was last. Run the cell to operate it.'

/** Maximum depth to which nested boxes are drawn. */
const DEEPEST = 20

/** Maximum characters of a label in a line. */
const LONGEST_LABEL = 30

/**
 * Returns a picture of a widget's state: HTML without scripts, with all text of the state escaped, from which its value can
 * also be read as plain text.
 */
export function widgetHtml(tree: ModelTree): string {
  const note = isOperable(tree, 0) ? `<div style="margin: 6px 0 0 0; font-style: italic">${NOTE}</div>` : ''
  return `<div class="recurlab-widget ${NO_FORMULAS}">${draw(tree, 0)}${note}</div>`
}

/** Returns whether any part of it accepts input. */
function isOperable({ name, state, children }: ModelTree, depth: number): boolean {
  if (/^(HBox|VBox)Model$/.test(name)) return depth < DEEPEST && children.some((child) => isOperable(child, depth + 1))
  return state.disabled !== true && !/^(Label|\w*Progress)Model$/.test(name)
}

/** @param width of the labels, in characters, so that stacked widgets are aligned */
function draw(tree: ModelTree, depth: number, width = 0): string {
  const { state } = tree
  switch (tree.name) {
    case 'HBoxModel':
      return row(tree, depth)
    case 'VBoxModel':
      return column(tree, depth)
    case 'IntSliderModel':
      return line(state, width, track(share(state, 0, 100)), readout(state, 'd'))
    case 'FloatSliderModel':
      return line(state, width, track(share(state, 0, 100)), readout(state, '.2f'))
    case 'FloatLogSliderModel':
      return line(state, width, track(logShare(state)), readout(state, '.3g'))
    case 'IntProgressModel':
    case 'FloatProgressModel': {
      const max = numberOf(state, 'max', 100)
      const words = `${formatNumber(amountOf(state))} of ${formatNumber(max)}`
      return line(state, width, track(share(state, 0, 100)), span(words))
    }
    case 'IntTextModel':
    case 'FloatTextModel':
    case 'BoundedIntTextModel':
    case 'BoundedFloatTextModel':
      return line(state, width, span(String(amountOf(state)), FRAME))
    case 'DropdownModel':
      return line(state, width, span(`${chosen(state)} ▾`, FRAME))
    case 'CheckboxModel':
      return `<div style="${LINE}">${span(state.value === true ? '☑' : '☐')} ${span(labelOf(state))}</div>`
    case 'TextModel':
      return line(state, width, span(textOf(state, 'value') || ' ', FRAME))
    case 'ButtonModel':
      return `<div style="${LINE}">${span(labelOf(state), FRAME)}</div>`
    case 'LabelModel':
      return `<div style="${LINE}">${span(textOf(state, 'value'))}</div>`
    default:
      return line(state, width, span(tree.name.replace(/Model$/, '')))
  }
}

function row({ children }: ModelTree, depth: number): string {
  if (depth >= DEEPEST) return '<div></div>'
  const items = children.map((child) => `<div style="${ITEM}">${draw(child, depth + 1)}</div>`)
  return `<div>${items.join(' ')}</div>`
}

function column({ children }: ModelTree, depth: number): string {
  if (depth >= DEEPEST) return '<div></div>'
  const labels = children.filter(({ name }) => name !== 'CheckboxModel').map(({ state }) => labelOf(state).length)
  const width = Math.min(LONGEST_LABEL, Math.max(0, ...labels))
  return `<div>${children.map((child) => draw(child, depth + 1, width)).join('')}</div>`
}

function line(state: Content, width: number, ...parts: readonly string[]): string {
  const label = labelOf(state)
  const style = width > 0 ? `display: inline-block; min-width: ${8 * width}px` : undefined
  return `<div style="${LINE}">${[...(label || width > 0 ? [span(label, style)] : []), ...parts].join(' ')}</div>`
}

function span(text: string, style?: string): string {
  return `<span${style ? ` style="${style}"` : ''}>${escapeHtml(text)}</span>`
}

/** Draws a partly filled bar. */
function track(part: number): string {
  const percent = Number((Math.min(1, Math.max(0, part)) * 100).toFixed(1))
  const filled = `display: inline-block; width: ${percent}%; height: 8px; background-color: #808080`
  return `<span style="${TRACK}"><span style="${filled}"></span></span>`
}

function readout(state: Content, format: string): string {
  if (state.readout === false) return ''
  return span(formatNumber(amountOf(state), typeof state.readout_format === 'string' ? state.readout_format : format))
}

/** Returns the value's position between the limits. The front end's own limits apply if a saved state omits them. */
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
