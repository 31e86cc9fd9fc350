/** What notebooks and programs import: `import { sudoku, sweep, show } from '../lib'`. */
export { type BackendChoice, memory, startBackend } from './backend/index.js'
export { type Ablation, ablationConfigs, ablations } from './config/ablations.js'
export { type GlossaryEntry, glossary } from './config/glossary.js'
export { parseConfig } from './config/parse.js'
export { preset, presets } from './config/presets/index.js'
export { type Config, type ConfigInput, type ConfigKey, configSchema } from './config/schema.js'
export * from './data/index.js'
export { Interrupted, UserError } from './errors.js'
export { type EvaluateOptions, type Evaluation, evaluate } from './evaluate/evaluation.js'
export { outcomesTable, type PuzzleOutcome } from './evaluate/outcomes.js'
export { datasetOf } from './experiment/dataset.js'
export { evaluateRun } from './experiment/evaluate-run.js'
export type { Grid } from './experiment/grid.js'
export { loadRun } from './experiment/load.js'
export type { RunObserver, TrainMetrics } from './experiment/observer.js'
export { resume } from './experiment/resume.js'
export { type FinishedRun, type RunRow, Runs } from './experiment/runs.js'
export { type SolveOptions, type SolveStep, type Solving, solve } from './experiment/solve.js'
export { type SweepOptions, sweep } from './experiment/sweep.js'
export { type TrainOptions, train } from './experiment/train.js'
export type { ModelShape } from './model/shape.js'
export { countParameters } from './model/weights.js'
export { readWeightsFile, type WeightsFile } from './model/weights-file.js'
export { clearOutput, type Display, type ShowOptions, show } from './notebook/display.js'
export { type InputOptions, input } from './notebook/input.js'
export { saveFigure, saveTable } from './notebook/outputs.js'
export { type AsyncProgressLoop, type ProgressLoop, type ProgressOptions, progress } from './notebook/progress.js'
export { showPrediction, showPuzzle, showVersions } from './notebook/puzzle.js'
export { typeErrors } from './notebook/type-errors.js'
export { type Box, column, row } from './notebook/widgets/box.js'
export { type Button, button } from './notebook/widgets/button.js'
export { type CheckboxOptions, checkbox, type DropdownOptions, dropdown } from './notebook/widgets/choice.js'
export { type Controls, type ControlsOptions, controls } from './notebook/widgets/controls.js'
export {
  type NumberOptions,
  number,
  type ProgressBarOptions,
  progressBar,
  type SliderOptions,
  slider,
} from './notebook/widgets/number.js'
export { type Label, label, type TextOptions, text } from './notebook/widgets/text.js'
export type { ChangeCallback, ValueWidget } from './notebook/widgets/value.js'
export type { Widget, WidgetOptions } from './notebook/widgets/widget.js'
export { type Bar, bars } from './plot/bars.js'
export { type Curve, curves } from './plot/curves.js'
export type { Figure } from './plot/figure.js'
export { type Line, lineFigure } from './plot/line.js'
export { Picture } from './plot/picture.js'
export {
  type DrawnOutcome,
  predictionPicture,
  puzzlePicture,
  type VersionsChoice,
  versionsPicture,
} from './plot/puzzle.js'
export { type ReportedResult, reportedSudoku, withReportedLines } from './plot/reported.js'
export { renderFigure } from './plot/static.js'
export { Random } from './random.js'
export { type ReportedFilter, reportedResults, reportedWhere } from './results/reported.js'
export { type ComparedRow, withReported } from './results/reported-beside.js'
export { formatTable } from './results/text.js'
