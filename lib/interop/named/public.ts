import type { ConfigInput } from '../../config/schema.js'

/** Weights that others have published on the Hugging Face hub. */
export interface PublicWeights {
  readonly name: string
  /** One line: model, task, author. */
  readonly summary: string
  readonly repository: string
  /** Branch or commit to download; `main` where no commit is known. */
  readonly revision: string
  /** Path of the weights in the repository. */
  readonly path: string
  /** SHA-256 of the weights; null where it is not known before the first download, which then records it. */
  readonly sha256: string | null
  /** Numbers in the file, initial latents included; null where not known. */
  readonly numbers: number | null
  /** Folder of the data set to evaluate on. */
  readonly data: string
  /**
   * Configuration for a repository without an `all_config.yaml`: that of the paper for the task, which the tensors must
   * agree with. Null where the repository or the file holds one.
   */
  readonly config: ConfigInput | null
}

/** Settings of TRM with an MLP on Sudoku-Extreme (paper, section 5), which decide how its tensors are used. */
const sudokuMlp: ConfigInput = {
  task: 'sudoku',
  model: 'trm',
  mixer: 'mlp',
  positions: 'none',
  puzzleTokens: 16,
  T: 3,
  n: 6,
  K: 16,
}

/** Configuration of TRM with attention, on mazes and on ARC. */
const attention: ConfigInput = {
  model: 'trm',
  mixer: 'attention',
  heads: 8,
  positions: 'rope',
  puzzleTokens: 16,
  T: 3,
  n: 4,
  K: 16,
}

const SUDOKU = 'data/sudoku-extreme-1k'
const MAZE = 'data/maze-30x30-hard-1k'
const ARC_1 = 'data/arc-1-aug-1000'
const ARC_2 = 'data/arc-2-aug-1000'

const known = { revision: 'main', sha256: null, numbers: null, config: null } as const

/** Returns the public weights that `recurlab weights fetch` downloads, with every fact that is known of them. */
export const PUBLIC_WEIGHTS: readonly PublicWeights[] = [
  {
    ...known,
    name: 'trm-sudoku-mlp',
    summary: 'TRM with an MLP on Sudoku-Extreme, reproduction by Sanjin2024',
    repository: 'Sanjin2024/TinyRecursiveModels-Sudoku-Extreme-mlp',
    revision: '256f32fcbe7123e8bf8c449410773a5ad311dbc5',
    path: 'step_16275',
    sha256: '20e9dc7ebf83b9b41a8b3f58f5fd94ee3a7eb0b0d245bdeeb14e2f1488d1daaf',
    numbers: 5_030_402,
    data: SUDOKU,
  },
  {
    ...known,
    name: 'trm-sudoku-attention',
    summary: 'TRM with attention on Sudoku-Extreme, reproduction by Sanjin2024',
    repository: 'Sanjin2024/TinyRecursiveModels-Sudoku-Extreme-att',
    path: 'step_21700',
    numbers: 6_829_570,
    data: SUDOKU,
  },
  {
    ...known,
    name: 'trm-maze',
    summary: 'TRM with attention on Maze-Hard, reproduction by Sanjin2024',
    repository: 'Sanjin2024/TinyRecursiveModel-Maze-Hard',
    path: 'step_9765',
    data: MAZE,
  },
  {
    ...known,
    name: 'trm-arc-1',
    summary: 'TRM with attention on ARC-AGI-1, reproduction by Sanjin2024; 1.8 GB',
    repository: 'Sanjin2024/TinyRecursiveModels-ARC-AGI-1',
    path: 'step_155718',
    data: ARC_1,
  },
  {
    ...known,
    name: 'trm-arc-2',
    summary: 'TRM with attention on ARC-AGI-2, reproduction by Sanjin2024; 2.5 GB',
    repository: 'Sanjin2024/TinyRecursiveModels-ARC-AGI-2',
    path: 'step_217602',
    data: ARC_2,
  },
  {
    ...known,
    name: 'alphaxiv-sudoku',
    summary: 'TRM with an MLP on Sudoku-Extreme, reproduction by alphaXiv',
    repository: 'alphaXiv/trm-model-sudoku',
    path: 'step_32550_sudoku_epoch50k',
    numbers: 5_030_402,
    data: SUDOKU,
    config: sudokuMlp,
  },
  {
    ...known,
    name: 'alphaxiv-maze',
    summary: 'TRM with attention on Maze-Hard, reproduction by alphaXiv',
    repository: 'alphaXiv/trm-model-maze',
    path: 'maze_hard_step_32550',
    data: MAZE,
    config: { ...attention, task: 'maze' },
  },
  {
    ...known,
    name: 'alphaxiv-arc-1',
    summary: 'TRM with attention on ARC-AGI-1, reproduction by alphaXiv; 1.8 GB',
    repository: 'alphaXiv/trm-model-arc-agi-1',
    path: 'step_259320_arc_ag1_attn_type_h3l4',
    data: ARC_1,
    config: { ...attention, task: 'arc' },
  },
  {
    ...known,
    name: 'cgar-sudoku',
    summary: 'TRM with an MLP on Sudoku-Extreme, curriculum of depths (CGAR, 2511.08653)',
    repository: 'Kaleemullah/trm-cgar-sudoku',
    path: 'pytorch_model.bin',
    data: SUDOKU,
    config: sudokuMlp,
  },
  {
    ...known,
    name: 'eqr-sudoku',
    summary: 'EqR on Sudoku-Extreme (arXiv 2605.21488): no prefix, random initial latents',
    repository: 'locuslab/EqR-model',
    path: 'sudoku-extreme/eqr.pth',
    sha256: '258b1f0a90003a2db0de0c8df7831683ffce00de295ed4bba15dc8e599920d26',
    data: SUDOKU,
  },
  {
    ...known,
    name: 'hrm-sudoku',
    summary: 'HRM on Sudoku-Extreme, by its authors',
    repository: 'sapientinc/HRM-checkpoint-sudoku-extreme',
    path: 'checkpoint',
    numbers: 27_276_802,
    data: SUDOKU,
  },
  {
    ...known,
    name: 'hrm-maze',
    summary: 'HRM on Maze-Hard, by its authors',
    repository: 'sapientinc/HRM-checkpoint-maze-30x30-hard',
    path: 'checkpoint',
    data: MAZE,
  },
  {
    ...known,
    name: 'hrm-arc-2',
    summary: 'HRM on ARC-AGI-2, by its authors',
    repository: 'sapientinc/HRM-checkpoint-ARC-2',
    path: 'checkpoint',
    data: ARC_2,
  },
]
