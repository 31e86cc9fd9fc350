import { readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import ts from 'typescript'

/** Returns whether a file is the project's own, which may change under a notebook. Files of packages do not change. */
export function isProjectFile(file: string): boolean {
  return path.isAbsolute(file) && !file.includes('/node_modules/')
}

/**
 * The files that the compiler has read. A file of the project keeps the text of its first reading until another text
 * replaces it, so that types and running code belong to the same text.
 */
export class Sources {
  readonly #parsed = new Map<string, ts.SourceFile>()
  readonly #texts = new Map<string, string>()
  readonly #stamps = new Map<string, string>()
  /** Files that were parsed but not requested yet. */
  readonly #ahead = new Map<string, ts.SourceFile>()

  /** The files of the project that were read. */
  get files(): Iterable<string> {
    return this.#texts.keys()
  }

  has(file: string): boolean {
    return this.#texts.has(file)
  }

  /** Returns the text of a file of the project; undefined when there is no such file. */
  text(file: string): string | undefined {
    const known = this.#texts.get(file)
    if (known !== undefined) return known
    const stamp = stampOf(file)
    const ahead = this.#ahead.get(file)
    this.#ahead.delete(file)
    const text = readText(file)
    if (text === undefined) return undefined
    // Compared by text, not by stamp: a snapshot is used for months, and files are copied with their times.
    if (ahead?.text === text) this.#parsed.set(file, ahead)
    this.#texts.set(file, text)
    this.#stamps.set(file, stamp)
    return text
  }

  /** Returns the text on the disk if it differs from the text in use; null when the file is gone. */
  edited(file: string): string | null | undefined {
    const stamp = stampOf(file)
    if (stamp === this.#stamps.get(file)) return undefined
    const text = readText(file)
    if (text === undefined) return null
    // A rewrite of the same text needs no second comparison.
    if (text !== this.#texts.get(file)) return text
    this.#stamps.set(file, stamp)
    return undefined
  }

  /** Replaces the text of a file. Returns a function that restores the old one. */
  replace(file: string, text: string): () => void {
    const old = { text: this.#texts.get(file), parsed: this.#parsed.get(file), stamp: this.#stamps.get(file) }
    this.#texts.set(file, text)
    this.#stamps.delete(file)
    this.#parsed.delete(file)
    return () => {
      put(this.#texts, file, old.text)
      put(this.#parsed, file, old.parsed)
      put(this.#stamps, file, old.stamp)
    }
  }

  /** Forgets a file, which is read anew on request. */
  forget(file: string): void {
    this.#texts.delete(file)
    this.#parsed.delete(file)
    this.#stamps.delete(file)
  }

  /** Marks every file of the project as not read. Its tree is kept, and used while the text is the same. */
  setAside(): void {
    for (const file of [...this.#texts.keys()]) {
      const parsed = this.#parsed.get(file)
      if (parsed) this.#ahead.set(file, parsed)
      this.forget(file)
    }
  }

  /** Returns whether a request for a file would return this very tree. */
  gives(file: string, parsed: ts.SourceFile): boolean {
    if (this.has(file)) return this.#parsed.get(file) === parsed
    return this.#ahead.get(file) === parsed && parsed.text === readText(file)
  }

  /** Parses a file that may be requested later. A file of the project counts as read only when it is requested. */
  parseAhead(file: string, options: ts.ScriptTarget | ts.CreateSourceFileOptions): ts.SourceFile | undefined {
    if (!isProjectFile(file) || this.has(file)) return this.parse(file, options)
    const text = readText(file)
    if (text === undefined) return undefined
    const ahead = this.#ahead.get(file)
    if (ahead?.text === text) return ahead
    const parsed = ts.createSourceFile(file, text, options)
    this.#ahead.set(file, parsed)
    return parsed
  }

  /** Returns the syntax tree of a file, created once for each text. */
  parse(file: string, options: ts.ScriptTarget | ts.CreateSourceFileOptions): ts.SourceFile | undefined {
    if (!this.#parsed.has(file) && isProjectFile(file)) this.text(file)
    const known = this.#parsed.get(file)
    if (known) return known
    const text = isProjectFile(file) ? this.text(file) : readText(file)
    if (text === undefined) return undefined
    const parsed = ts.createSourceFile(file, text, options)
    this.#parsed.set(file, parsed)
    return parsed
  }
}

function put<T>(map: Map<string, T>, key: string, value: T | undefined): void {
  if (value === undefined) map.delete(key)
  else map.set(key, value)
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').replace(/^\uFEFF/, '')
  } catch {
    return undefined
  }
}

/** Milliseconds in which a second change may get the same time as the first: clocks of file systems are coarse. */
const SAME_TIME = 50

let fresh = 0

/**
 * Returns a stamp that changes when a file, or the list of a folder, may have changed. It contains the change time of
 * the entry, because copying a file restores the modification time of its content. A file that has just changed, or
 * whose time is in the future of a clock that was set back, has a new stamp each time.
 */
export function stampOf(file: string): string {
  const stat = statSync(file, { throwIfNoEntry: false })
  if (!stat) return ''
  const { mtimeMs, ctimeMs, size, ino } = stat
  const stamp = `${mtimeMs} ${ctimeMs} ${size} ${ino}`
  return Date.now() - ctimeMs < SAME_TIME ? `${stamp} ${fresh++}` : stamp
}
