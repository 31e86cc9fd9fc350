import { UserError } from '../../errors.js'
import { Model } from './model.js'
import { ValueWidget } from './value.js'
import { Widget, type WidgetOptions } from './widget.js'

/** Options of {@link text}. */
export interface TextOptions extends WidgetOptions {
  /** Default: empty. */
  readonly value?: string
  /** Grey text in an empty field. */
  readonly placeholder?: string
  /** Whether the value changes with every key, or only on Enter and on leaving the field. Default: false. */
  readonly continuous?: boolean
}

/** Returns a field for one line of text. */
export function text(options: TextOptions = {}): ValueWidget<string> {
  return new ValueWidget<string>(
    'text',
    { model: 'TextModel', view: 'TextView' },
    options,
    { placeholder: options.placeholder ?? '', continuous_update: options.continuous ?? false },
    {
      trait: 'value',
      check: (value) => {
        if (typeof value === 'string') return value
        const where = options.label ? `text ${options.label}` : 'text'
        throw new UserError({ where, expected: 'a text', found: typeof value })
      },
      write: (value) => value,
      read: (sent) => (typeof sent === 'string' ? { value: sent, trait: sent } : null),
    },
    options.value ?? '',
  )
}

/** A label among other widgets. */
export class Label extends Widget {
  constructor(words: string) {
    super(new Model('LabelModel', 'LabelView', { value: words, tooltip: '' }))
  }

  /** The label's text. */
  get value(): string {
    return String(this.model.get('value'))
  }

  set value(words: string) {
    this.model.set({ value: String(words) })
  }

  toString(): string {
    return this.value
  }
}

/** Returns a label among other widgets: `ui.label('Training')`. */
export function label(words: string): Label {
  return new Label(words)
}
