/** A figure to be drawn. */
export interface DrawingRequest {
  /** Plain JSON with data and layout. */
  readonly figure: unknown
  readonly format: 'svg' | 'png' | 'pdf'
  /** Size in which it is laid out; the drawing is scaled to the size on paper. */
  readonly pixels: { readonly width: number; readonly height: number }
  readonly inches: { readonly width: number; readonly height: number }
  /** Pixels per inch of a PNG. */
  readonly dpi: number
}

/** A drawn figure. */
export interface Drawing {
  /** The SVG as plotly.js writes it, or the bytes of a PNG or PDF. */
  readonly content: string | Uint8Array
  /** The program that drew, e.g. `Chromium 156`. */
  readonly engine: string
}
