/**
 * A recording of one puzzle as the player takes it: JSON, small enough for a page. Tokens are one character each
 * (`encodeTokens`), shares and marks six bits a character (`encodeShares`, `encodeBits`).
 */
export interface PlayerData {
  readonly format: 1
  readonly title: string
  /** Remarks on the recording, one sentence each. */
  readonly notes: readonly string[]
  readonly board: PlayerBoard
  /** By token: its look where it is filled in, and where the puzzle gives it. */
  readonly looks: readonly (readonly [filled: CellLook, given: CellLook])[]
  /** The latents; the heads read the first, the answer. */
  readonly latents: readonly string[]
  /** Pseudocode of the distinct updates. */
  readonly texts: readonly string[]
  /** Updates of a supervision step. */
  readonly updates: number
  /** The start, then every update. */
  readonly frames: readonly PlayerFrame[]
  readonly steps: readonly PlayerStep[]
  readonly rollouts: readonly PlayerRollout[]
  /** Index of the rollout that the frames show. */
  readonly watched: number
  /** Shares of the variance along the axes of the plane. */
  readonly planeShares: readonly [number, number]
  /** How maps are made, in words; null if there are none. */
  readonly mapMeaning: string | null
  /** Sources kept for each cell of a map. */
  readonly kept: number
}

/** Label, fill colour and colour of the label. */
export type CellLook = readonly [label: string, fill: string, ink: string]

/** The grid of the puzzle. */
export interface PlayerBoard {
  /** Rows and columns that are drawn. */
  readonly rows: number
  readonly columns: number
  /** Columns of the whole grid: the cell at (r, c) is token r · stride + c. */
  readonly stride: number
  readonly box: readonly [rows: number, columns: number] | null
  /** Colour of the lines between cells. */
  readonly lines: string
  readonly padding: number | null
  /** Bits: whether the puzzle gives a cell's token. */
  readonly given: string
}

/** The watched rollout after an update. */
export interface PlayerFrame {
  /** Index into `texts`; -1 at the start. */
  readonly text: number
  /** Tokens by index of the changed latents. */
  readonly tokens: Readonly<Record<number, string>>
  /** Bits by index of the changed latents: cells known to be wrong. */
  readonly wrong: Readonly<Record<number, string>>
  /** Halting probability. */
  readonly halting: number
  /** ‖Δ‖ by index of the changed latents. */
  readonly delta: Readonly<Record<number, number>>
  readonly point: readonly [number, number]
}

/** The watched rollout after a supervision step. */
export interface PlayerStep {
  /** ‖Δ‖ of every latent over the step. */
  readonly delta: readonly number[]
  /** Whether the answer is right; null if that is not known. */
  readonly solved: boolean | null
  /** The verdict on the answer, in words. */
  readonly verdict: string
  readonly maps: readonly PlayerMap[]
}

/** How much the cells read of one another. */
export interface PlayerMap {
  /** Index of the latent that the network call updates. */
  readonly latent: number
  /** Index of the block in the network. */
  readonly block: number
  /** Mean share that all cells read of each cell, between the smallest and the largest. */
  readonly received: string
  /** The smallest and the largest of these shares. */
  readonly range: readonly [number, number]
  /** Two characters for each kept source of each cell. */
  readonly sources: string
  /** The sources' shares. */
  readonly shares: string
}

/** One rollout. */
export interface PlayerRollout {
  /** Halting probability after each step. */
  readonly halting: readonly number[]
  /** Whether its last answer is right; null if that is not known. */
  readonly solved: boolean | null
  readonly points: readonly (readonly [number, number])[]
}

/** Where the player stands, and how it shows it. */
export interface PlayerPosition {
  /** Index of the frame. */
  readonly frame: number
  /** Whether cells that changed are marked against the previous step or the previous update of the latent. */
  readonly by: 'step' | 'update'
  /** Index of the latent beside the answer; ignored if there is only one. */
  readonly latent: number
  /** Index of the map in its step. */
  readonly map: number
  /** The cell whose sources are shown in the map; -1: none. */
  readonly cell: number
}
