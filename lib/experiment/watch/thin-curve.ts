/** Maximum number of points of a live curve. */
const MOST = 200

/** A curve whose points are merged as it grows: each kept point is then the mean of several consecutive ones. */
export class ThinCurve {
  readonly x: number[] = []
  readonly y: number[] = []
  /** Number of points that one kept point stands for. */
  #stride = 1
  #sum = 0
  #count = 0

  /** Adds a point, unless its `y` is unknown. */
  add(x: number, y: number | null | undefined): void {
    if (y === null || y === undefined || !Number.isFinite(y)) return
    this.#sum += y
    this.#count++
    if (this.#count < this.#stride) return
    this.x.push(x)
    this.y.push(this.#sum / this.#count)
    this.#sum = 0
    this.#count = 0
    if (this.x.length >= MOST) this.#halve()
  }

  /** Merges pairs of points. */
  #halve(): void {
    const half = MOST / 2
    for (let i = 0; i < half; i++) {
      this.x[i] = this.x[2 * i + 1]!
      this.y[i] = (this.y[2 * i]! + this.y[2 * i + 1]!) / 2
    }
    this.x.length = half
    this.y.length = half
    this.#stride *= 2
  }
}
