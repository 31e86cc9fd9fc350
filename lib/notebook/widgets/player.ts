import { escapeHtml, NO_FORMULAS } from '../../escape/html.js'
import type { PlayerData, PlayerPosition } from '../../plot/player/data.js'
import { describeFrame, frameSvg, mapName, mapsAt, stepOf } from '../../plot/player/frame.js'
import { lastPosition, playerHtmlWithScript } from '../../plot/player/page.js'
import { currentHost, type MimeBundle } from '../host.js'
import { button } from './button.js'
import { dropdown } from './choice.js'
import { Model } from './model.js'
import { number, slider } from './number.js'
import type { ValueWidget } from './value.js'
import { DISPLAY, Widget } from './widget.js'

/** Milliseconds between two pictures that play. */
const STEP_MS = 900
const UPDATE_MS = 200

const BY = { 'by supervision step': 'step', 'by update': 'update' } as const

/**
 * A recording of one puzzle that is played step by step: widgets while the kernel lives, and HTML that operates itself
 * afterwards.
 */
export class Player extends Widget {
  readonly #data: PlayerData
  readonly #text: string
  readonly #stage = new Model('HTMLModel', 'HTMLView', { value: '', tooltip: '' })
  readonly #slider: ValueWidget<number>
  readonly #play = button('▶', () => this.play(), { tooltip: 'Play or pause' })
  #at: PlayerPosition
  #timer: NodeJS.Timeout | null = null
  /** Whether the slider is being set by the code. */
  #setting = false

  /** @param text the recording as text, for front ends without HTML */
  constructor(data: PlayerData, text: string) {
    super(new Model('VBoxModel', 'VBoxView', { children: [], tooltip: '' }))
    this.#data = data
    this.#text = text
    this.#at = lastPosition(data)
    const last = data.frames.length - 1
    this.#slider = slider({ min: 0, max: last, value: last, label: 'update', integer: true })
    this.#slider.onChange((value) => {
      if (!this.#setting) this.show({ frame: value })
    })
    const unit = dropdown(BY, { label: 'move' })
    unit.onChange((by) => this.show({ by }))
    const moves = [
      button('«', () => this.show({ frame: 0 }), { tooltip: 'First' }),
      button('‹', () => this.move(-1), { tooltip: 'Back' }),
      this.#play,
      button('›', () => this.move(1), { tooltip: 'Forward' }),
      button('»', () => this.show({ frame: last }), { tooltip: 'Last' }),
    ]
    const narrow = new Model('LayoutModel', 'LayoutView', { width: '42px' })
    for (const each of moves) each.model.set({ layout: narrow })
    this.model.set({
      children: [line([...moves, this.#slider, unit]), line(this.#choices()), this.#stage],
    })
    this.#draw()
  }

  /** Where the player stands. */
  get position(): PlayerPosition {
    return this.#at
  }

  /** Shows another frame, or shows it in another way; a frame out of range is the first or the last. */
  show(change: Partial<PlayerPosition>): void {
    const { updates, frames } = this.#data
    const at = { ...this.#at, ...change }
    const frame = Math.max(0, Math.min(frames.length - 1, Math.round(at.frame)))
    // The slider moves by updates: a step back from the end of a supervision step leads to the end of the one before.
    const step = frame < this.#at.frame ? Math.floor(frame / updates) : stepOf(this.#data, frame)
    this.#at = { ...at, frame: at.by === 'step' ? step * updates : frame }
    this.#draw()
  }

  /** Moves by supervision steps or updates; a negative count moves back. */
  move(count: number): void {
    this.show({ frame: this.#at.frame + count * (this.#at.by === 'step' ? this.#data.updates : 1) })
  }

  /** Plays from here, or from the start if the last frame is shown; a second call pauses. */
  play(): void {
    if (this.#timer) {
      this.pause()
      return
    }
    const last = this.#data.frames.length - 1
    if (this.#at.frame === last) this.show({ frame: 0 })
    this.#play.label = '❚❚'
    const tick = (): void => {
      if (this.#at.frame < last) this.move(1)
      if (this.#at.frame >= last) this.pause()
    }
    this.#timer = setInterval(tick, this.#at.by === 'step' ? STEP_MS : UPDATE_MS)
    // A notebook that is closed while it plays does not keep its kernel alive.
    this.#timer.unref()
  }

  /** Stops playing. */
  pause(): void {
    if (this.#timer) clearInterval(this.#timer)
    this.#timer = null
    this.#play.label = '▶'
  }

  override close(): void {
    this.pause()
    super.close()
  }

  toString(): string {
    return this.#text
  }

  /** Returns widgets for a live notebook, and a player without the kernel for all other readers. */
  override [DISPLAY](): MimeBundle {
    const widgets = currentHost()?.live === true ? super[DISPLAY]() : {}
    return { ...widgets, 'text/html': playerHtmlWithScript(this.#data), 'text/plain': this.#text }
  }

  /** The saved form is the same wherever the player stands. */
  override updatePictures(): void {}

  /** Choices of a latent, a map and a cell, where there are several. */
  #choices(): Widget[] {
    const { latents, board } = this.#data
    const made: Widget[] = []
    if (latents.length > 2) {
      const latent = dropdown(latents.slice(1), { label: 'latent' })
      latent.onChange((name) => this.show({ latent: latents.indexOf(name) }))
      made.push(latent)
    }
    const names = mapsAt(this.#data, 0).map((map) => mapName(this.#data, map))
    if (names.length > 0) {
      const map = dropdown(names, { label: 'map' })
      map.onChange((name) => this.show({ map: names.indexOf(name) }))
      const cell = number({ min: 0, max: board.rows * board.columns, integer: true, label: 'reads of cell (0: all)' })
      cell.onChange((chosen) => {
        const i = chosen - 1
        this.show({ cell: i < 0 ? -1 : Math.floor(i / board.columns) * board.stride + (i % board.columns) })
      })
      made.push(map, cell)
    }
    return made
  }

  #draw(): void {
    const words = describeFrame(this.#data, this.#at)
    const svg = frameSvg(this.#data, this.#at, 'currentColor')
    this.#stage.set({ value: `<div class="${NO_FORMULAS}" role="img" aria-label="${escapeHtml(words)}">${svg}</div>` })
    this.#setting = true
    this.#slider.value = this.#at.frame
    this.#setting = false
  }
}

function line(widgets: readonly Widget[]): Model {
  const layout = new Model('LayoutModel', 'LayoutView', { flex_flow: 'row wrap' })
  return new Model('HBoxModel', 'HBoxView', { children: widgets.map(({ model }) => model), layout, tooltip: '' })
}
