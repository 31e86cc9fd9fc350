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
  readonly #ahead = new Map<string, { readonly stamp: string; readonly parsed: ts.SourceFile }>()

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
    const isAhead = ahead?.stamp === stamp
    const text = isAhead ? ahead.parsed.text : readText(file)
    if (text === undefined) return undefined
    if (isAhead) this.#parsed.set(file, ahead.parsed)
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
      const stamp = this.#stamps.get(file)
      const parsed = this.#parsed.get(file)
      if (stamp !== undefined && parsed) this.#ahead.set(file, { stamp, parsed })
      this.forget(file)
    }
  }

  /** Whether asking for a file would give this very tree. */
  gives(file: string, parsed: ts.SourceFile): boolean {
    if (this.has(file)) return this.#parsed.get(file) === parsed
    const ahead = this.#ahead.get(file)
    return ahead?.parsed === parsed && ahead.stamp === stampOf(file)
  }

  /** Parses a file that may be asked for one day. One of the project counts as read only when somebody does ask. */
  parseAhead(file: string, options: ts.ScriptTarget | ts.CreateSourceFileOptions): ts.SourceFile | undefined {
    if (!isProjectFile(file) || this.has(file)) return this.parse(file, options)
    const stamp = stampOf(file)
    const ahead = this.#ahead.get(file)
    if (ahead?.stamp === stamp) return ahead.parsed
    const text = readText(file)
    if (text === undefined) return undefined
    const parsed = ts.createSourceFile(file, text, options)
    this.#ahead.set(file, { stamp, parsed })
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

/** Changes when a file, or what a folder lists, may have changed. */
export function stampOf(file: string): string {
  const stat = statSync(file, { throwIfNoEntry: false })
  return stat ? `${stat.mtimeMs} ${stat.size} ${stat.ino}` : ''
}
