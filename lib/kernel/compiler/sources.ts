import { readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import ts from 'typescript'

/** Whether a file is the project's own: it may change, and cells see the change. Files of packages do not change. */
export function isProjectFile(file: string): boolean {
  return path.isAbsolute(file) && !file.includes('/node_modules/')
}

/**
 * The files that the compiler has read. A file of the project keeps the text that it had when it was first read until
 * another text is put in its place, so that types, and the code that runs, are those of one and the same text.
 */
export class Sources {
  readonly #parsed = new Map<string, ts.SourceFile>()
  readonly #texts = new Map<string, string>()
  readonly #stamps = new Map<string, string>()
  /** Files that nobody has asked for yet. */
  readonly #ahead = new Map<string, ts.SourceFile>()

  /** Files of the project that were read. */
  get files(): Iterable<string> {
    return this.#texts.keys()
  }

  has(file: string): boolean {
    return this.#texts.has(file)
  }

  /** The text of a file of the project; undefined when there is no such file. */
  text(file: string): string | undefined {
    const known = this.#texts.get(file)
    if (known !== undefined) return known
    const stamp = stampOf(file)
    const ahead = this.#ahead.get(file)
    this.#ahead.delete(file)
    const text = readText(file)
    if (text === undefined) return undefined
    // By the text, not by its stamp: a snapshot is used for months, and files are copied with their times.
    if (ahead?.text === text) this.#parsed.set(file, ahead)
    this.#texts.set(file, text)
    this.#stamps.set(file, stamp)
    return text
  }

  /** What is on the disk now, when it is not the text in use; null when the file is gone. */
  edited(file: string): string | null | undefined {
    const stamp = stampOf(file)
    if (stamp === this.#stamps.get(file)) return undefined
    const text = readText(file)
    if (text === undefined) return null
    // The same text written anew needs no second look.
    if (text !== this.#texts.get(file)) return text
    this.#stamps.set(file, stamp)
    return undefined
  }

  /** Takes a text as that of a file; returns what brings the old one back. */
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

  /** Lets a file be read anew when it is asked for. */
  forget(file: string): void {
    this.#texts.delete(file)
    this.#parsed.delete(file)
    this.#stamps.delete(file)
  }

  /** Counts every file of the project as not read; its tree is kept for whoever asks while the file is as it was. */
  setAside(): void {
    for (const file of [...this.#texts.keys()]) {
      const parsed = this.#parsed.get(file)
      if (parsed) this.#ahead.set(file, parsed)
      this.forget(file)
    }
  }

  /** Whether asking for a file would give this very tree. */
  gives(file: string, parsed: ts.SourceFile): boolean {
    if (this.has(file)) return this.#parsed.get(file) === parsed
    return this.#ahead.get(file) === parsed && parsed.text === readText(file)
  }

  /** Parses a file that may be asked for one day. One of the project counts as read only when somebody does ask. */
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

  /** A file's syntax tree, made once for each text. */
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

/** Milliseconds in which a second change may have the time of the first: clocks of file systems are coarse. */
const SAME_TIME = 50

let fresh = 0

/**
 * Changes when a file, or what a folder lists, may have changed. With the time of the change of the file's entry: that of
 * its content is set back by whoever copies it. A file that has changed just now, or in the future of a clock that was set
 * back, has another stamp each time.
 */
export function stampOf(file: string): string {
  const stat = statSync(file, { throwIfNoEntry: false })
  if (!stat) return ''
  const { mtimeMs, ctimeMs, size, ino } = stat
  const stamp = `${mtimeMs} ${ctimeMs} ${size} ${ino}`
  return Date.now() - ctimeMs < SAME_TIME ? `${stamp} ${fresh++}` : stamp
}
