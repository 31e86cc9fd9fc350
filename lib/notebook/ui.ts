/**
 * Widgets in one namespace, so that `label`, `number`, `row` and the like stay free for the user:
 * `ui.slider({ min: 0, max: 1 })`.
 */
export { type InputOptions, input } from './input.js'
export { type Box, column, row } from './widgets/box.js'
export { type Button, button } from './widgets/button.js'
export { type CheckboxOptions, checkbox, type DropdownOptions, dropdown } from './widgets/choice.js'
export { type Controls, type ControlsOptions, controls } from './widgets/controls.js'
export {
  type NumberOptions,
  number,
  type ProgressBarOptions,
  progressBar,
  type SliderOptions,
  slider,
} from './widgets/number.js'
export { type Label, label, type TextOptions, text } from './widgets/text.js'
export type { ChangeCallback, ValueWidget } from './widgets/value.js'
export type { Widget, WidgetOptions } from './widgets/widget.js'
