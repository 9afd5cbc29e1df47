/** The last seconds of a few numbers, in memory that does not grow. */

export class Ring {
  private readonly seconds: number
  private readonly width: number
  /** Which second stands in each place; -1 for none. */
  private readonly at: Float64Array
  private readonly values: Uint32Array
  private last = -1

  constructor(seconds: number, width: number) {
    this.seconds = seconds
    this.width = width
    this.at = new Float64Array(seconds).fill(-1)
    this.values = new Uint32Array(seconds * width)
  }

  /** The second that was written last; -1 for none. */
  get lastSecond(): number {
    return this.last
  }

  /** Writes one second, which forgets the one that long ago. A second that is past already is not written. */
  write(second: number, values: ReadonlyArray<number>): void {
    if (second <= this.last) return
    const place = second % this.seconds
    this.at[place] = second
    for (let i = 0; i < this.width; i++) this.values[place * this.width + i] = values[i] ?? 0
    this.last = second
  }

  /** The seconds after one, and a list for each number, oldest first; seconds in which nothing was written are left out. */
  read(after = -1): { readonly at: ReadonlyArray<number>; readonly columns: ReadonlyArray<ReadonlyArray<number>> } {
    const at: Array<number> = []
    const columns = Array.from({ length: this.width }, (): Array<number> => [])
    const first = Math.max(0, after + 1, this.last - this.seconds + 1)
    for (let second = first; second <= this.last; second++) {
      const place = second % this.seconds
      if (this.at[place] !== second) continue
      at.push(second)
      columns.forEach((column, i) => column.push(this.values[place * this.width + i] ?? 0))
    }
    return { at, columns }
  }
}
