import path from 'node:path'
import { inspect } from 'node:util'
import { UserError } from '../../errors.js'
import { writeFileAtomic } from '../../files/atomic.js'
import type { MimeBundle } from '../../notebook/host.js'
import { outputPath } from '../../notebook/outputs.js'
import { Player } from '../../notebook/widgets/player.js'
import { DISPLAY } from '../../notebook/widgets/widget.js'
import { type AnimationOptions, animatedSvg } from '../../plot/player/animated.js'
import type { PlayerData } from '../../plot/player/data.js'
import { playerPage } from '../../plot/player/page.js'
import { boardsOf } from '../../plot/puzzle-board.js'
import { boardsText } from '../../plot/puzzle-text.js'
import { formatTable } from '../../results/text.js'
import type { PosedPuzzle } from '../../tasks/posed.js'
import type { Inside } from '../../think/inside.js'
import { type PlayedRecording, playerData } from './player-data.js'

/** One supervision step of a recording, as a row of a table. */
export type LookedStep = {
  readonly step: number
  /** Cells that differ from the previous step's answer; 0 at the first. */
  readonly changed: number
  /** Cells known to be wrong. */
  readonly wrong: number
  readonly solved: boolean | null
  readonly halting: number
  /** ‖Δ‖ of each latent over the step, by its name. */
  readonly [delta: `‖Δ${string}‖`]: number
}

/** A recording of a model on one puzzle: shown in a cell, a player; see `look`. */
export class Looked {
  readonly puzzle: PosedPuzzle
  /** The recording as numbers. */
  readonly inside: Inside
  readonly title: string
  /** Assumptions about the weights and the puzzle, one sentence each. */
  readonly notes: readonly string[]
  /** The recording in the player's form, JSON. */
  readonly data: PlayerData
  #player: Player | null = null

  constructor(recording: PlayedRecording) {
    this.puzzle = recording.puzzle
    this.inside = recording.inside
    this.title = recording.title
    this.notes = recording.notes
    this.data = playerData(recording)
  }

  /** The player that a cell shows: its widgets can be operated from code, e.g. `player.show({ frame: 0 })`. */
  get player(): Player {
    this.#player ??= new Player(this.data, this.toString())
    return this.#player
  }

  /** Returns a row for each supervision step. */
  rows(): LookedStep[] {
    const { steps, latents } = this.inside
    return steps.map(({ step, tokens, delta }, i) => {
      const before = steps[i - 1]?.tokens
      return {
        step,
        changed: before ? tokens.filter((token, cell) => token !== before[cell]).length : 0,
        wrong: this.puzzle.marks(tokens).filter((mark) => mark === 'wrong').length,
        solved: this.data.steps[i]!.solved,
        halting: this.data.frames[step * this.data.updates]!.halting,
        ...Object.fromEntries(latents.map((name) => [`‖Δ${name}‖`, delta[name]!])),
      }
    })
  }

  /**
   * Saves the recording for a talk or a page.
   *
   * @param name file name, or an absolute path, whose extension sets the form: `.svg` plays by itself without a script,
   * `.html` is the player as a page of its own, which loads nothing
   * @param options what an SVG shows, and for how long
   * @returns the file's path, relative to the project folder if inside it
   * @throws UserError for another extension or a wrong time.
   */
  async save(name: string, options: AnimationOptions = {}): Promise<string> {
    const kind = path.extname(name)
    if (kind !== '.svg' && kind !== '.html')
      throw new UserError({ where: name, expected: 'a name that ends in .svg or .html', found: kind || 'no extension' })
    const { file, shown } = outputPath(name)
    writeFileAtomic(file, kind === '.svg' ? animatedSvg(this.data, options) : playerPage(this.data))
    return shown
  }

  /** Returns the last board and the steps as text. */
  toString(): string {
    const { spec, input } = this.puzzle
    const last = this.inside.steps.at(-1)!
    const marks = this.puzzle.marks(last.tokens)
    const boards = boardsOf(spec, [
      { title: 'puzzle', tokens: input },
      { title: `step ${last.step}`, tokens: last.tokens, puzzle: input, marks },
    ])
    return [this.title, ...this.notes, boardsText(boards), formatTable(this.rows())].join('\n')
  }

  [inspect.custom](): string {
    return this.toString()
  }

  [DISPLAY](): MimeBundle {
    return this.player[DISPLAY]()
  }
}
