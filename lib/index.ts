/** The public API for notebooks and programs: `import { sudoku, sweep, show } from '../lib'`. */

export {
  type Ablation,
  type AblationOptions,
  ablationConfig,
  ablationConfigs,
  ablationNamed,
  ablations,
} from './ablations/index.js'
export { type BackendChoice, memory, startBackend } from './backend/index.js'
export type { FunctionRecord, Loss, Mixer, MixerSizes, MixerWeight } from './config/functions.js'
export type { GlossaryEntry } from './config/glossary.js'
export { parseConfig } from './config/parse.js'
export { type ResolvedConfig, resolveConfig } from './config/resolved.js'
export { type Config, type ConfigInput, type ConfigKey, configSchema } from './config/schema.js'
export {
  type Augmentation,
  type Batch,
  type Dataset,
  type DatasetManifest,
  type DrawOptions,
  IGNORE_LABEL,
  type Split,
  type TestTask,
} from './data/dataset.js'
export { countEvaluated, type EvaluationOptions, evaluationBatches } from './data/evaluation-batches.js'
export { type Example, type ExampleChoice, exampleOf } from './data/example.js'
export {
  type SamplerOptions,
  type SamplerState,
  type TrainingBatches,
  trainingBatches,
} from './data/sampler.js'
export { Interrupted, UserError } from './errors.js'
export type { EvaluateOptions, Evaluation } from './evaluate/evaluation.js'
export { outcomesTable, type PuzzleOutcome } from './evaluate/outcomes.js'
export type { Metric, MetricInput, Metrics } from './evaluate/own-metrics.js'
export { type Arm, arm, type MadeEvaluation } from './experiment/compare/arm.js'
export type { Axis } from './experiment/compare/axes.js'
export type { ArmChoice } from './experiment/compare/choose-arm.js'
export {
  type Claim,
  type ClaimVerdict,
  type JudgedClaim,
  JudgedClaims,
  type JudgeOptions,
  judge,
} from './experiment/compare/claims.js'
export type { ArmComparison, CompareOptions } from './experiment/compare/compare.js'
export { type PaperRow, PaperTable, paperTable } from './experiment/compare/paper-table.js'
export { type PublishedClaim, publishedClaims } from './experiment/compare/published-claims.js'
export { curvesOf, outcomesOf, type RunQuery, type RunsOptions, runs, runsOf } from './experiment/compare/query.js'
export type { RunCurvesOptions } from './experiment/compare/run-curves.js'
export { type FinishedRun, type RunRow, Runs } from './experiment/compare/runs.js'
export type { Summary, SummaryOptions, SummaryRow } from './experiment/compare/summary.js'
export type { TimesTo, TimeTo, TimeToSummary } from './experiment/compare/time-to.js'
export { type DefinedTask, defineTask } from './experiment/data/define-task.js'
export { datasetOf, loadDataset } from './experiment/data/load-data.js'
export { arc, maze, queens, sudoku } from './experiment/data/make-data.js'
export { type LookOptions, look } from './experiment/look/look.js'
export { Looked, type LookedStep } from './experiment/look/looked.js'
export { type PublishWhatOptions, publish } from './experiment/publish/publish.js'
export { type ReportOptions, writeReport } from './experiment/report/report.js'
export { type ReproduceOptions, reproduce } from './experiment/reproduce/reproduce.js'
export { Reproduction } from './experiment/reproduce/reproduction.js'
export { evaluateRun } from './experiment/run/evaluate-run.js'
export { loadRun } from './experiment/run/load.js'
export type { RunObserver, TrainMetrics } from './experiment/run/observer.js'
export { resume } from './experiment/run/resume.js'
export { type TrainOptions, train } from './experiment/run/train.js'
export type { SlurmOptions } from './experiment/slurm/options.js'
export { type SolveOptions, type SolveStep, type Solving, solve } from './experiment/solve/solve.js'
export { Coverage, type PlannedState, type PlannedStatus } from './experiment/sweep/coverage.js'
export { type Distribution, integers, logUniform, uniform } from './experiment/sweep/distributions.js'
export type { TakeOverOptions } from './experiment/sweep/earlier.js'
export type { Grid } from './experiment/sweep/grid.js'
export type { HalvingOptions } from './experiment/sweep/halving.js'
export { type SweepOptions, SweepRuns, sweep } from './experiment/sweep/sweep.js'
export { ErrorLaw, type ErrorLawFigure, type ErrorLawOptions, errorLaw } from './experiment/think/error-law.js'
export {
  type CurveFigureOptions,
  type NoiseCurveOptions,
  noiseCurve,
  type SurfaceFigureOptions,
} from './experiment/think/figures.js'
export { floorText, type NumericFloor } from './experiment/think/floor.js'
export {
  IdentityAblation,
  type IdentityAblationOptions,
  type IdentityArm,
  type IdentityRow,
  identityAblation,
} from './experiment/think/identity-ablation.js'
export { Inside, type InsideOptions, type InsideRow, type MotionOptions } from './experiment/think/inside.js'
export { type LadderOptions, ladder } from './experiment/think/ladder.js'
export { Ladder, type LadderFacts, type LadderFigure, type Rung } from './experiment/think/ladder-result.js'
export type { ThinkingModel, ThinkOptions } from './experiment/think/options.js'
export {
  type GrowthFigureOptions,
  PerturbationGrowth,
  type PerturbationOptions,
  type PerturbationRow,
  perturbationGrowth,
  type StretchRow,
} from './experiment/think/perturbation-growth.js'
export { openRecording, RolloutRecording } from './experiment/think/rollout-recording.js'
export { type ScalingOptions, scaling } from './experiment/think/scaling.js'
export { Scaling, type ScalingPoint } from './experiment/think/scaling-result.js'
export { StartRadius, type StartRadiusOptions, startRadius } from './experiment/think/start-radius.js'
export { type SliceColour, StartSlice, type StartSliceOptions, startSlice } from './experiment/think/start-slice.js'
export { type RecordingSummaryOptions, type RecordingSummaryRow, summaryTable } from './experiment/think/summary.js'
export { think } from './experiment/think/think.js'
export {
  VotesAblation,
  type VotesAblationOptions,
  type VotesRow,
  votesAblation,
} from './experiment/think/votes-ablation.js'
export { type VerifyOptions, verify } from './experiment/verify/verify.js'
export { readWeightsFile, type WeightsFile } from './interop/weights-file.js'
export { ConfiguredModel, createModel } from './lab/create-model.js'
export { evaluate } from './lab/evaluate.js'
export { type LossOptions, loss, type StepLoss } from './lab/loss.js'
export { tf } from './lab/tf.js'
export { ModelTrainer, type TrainerOptions, type TrainerState, trainer } from './lab/trainer.js'
export { type AttentionOptions, type AttentionWeights, attention } from './model/attention.js'
export { type BlockOptions, block } from './model/block.js'
export type { Carry } from './model/carry.js'
export { type EmbedOptions, embed } from './model/embed.js'
export { heads, type Outputs } from './model/heads.js'
export { haltTarget, type LossParts, stablemaxCrossEntropy, supervisionLoss } from './model/loss.js'
export { Model } from './model/model.js'
export { rmsNorm } from './model/ops.js'
export { type RotaryTable, rotary, rotaryTable } from './model/rope.js'
export type { ModelShape } from './model/shape.js'
export { type SwigluWeights, swiglu, tokenMlp } from './model/swiglu.js'
export { countParameters, type Weights, weightsAt } from './model/weights.js'
export { clearOutput, type Display, type ShowOptions, show } from './notebook/display.js'
export { saveFigure, saveTable, saveText } from './notebook/outputs.js'
export { type AsyncProgressLoop, type ProgressLoop, type ProgressOptions, progress } from './notebook/progress.js'
export { showPrediction, showPuzzle, showVersions } from './notebook/puzzle.js'
export { typeErrors } from './notebook/type-errors.js'
export * as ui from './notebook/ui.js'
export { type Bar, type BarsOptions, bars } from './plot/bars.js'
export { type BinnedSeries, binned } from './plot/binned.js'
export { type ConfusionCounts, confusion, confusionOf } from './plot/confusion.js'
export { type Curve, type CurvesOptions, curves } from './plot/curves.js'
export {
  type DifferenceRow,
  type DifferencesOptions,
  differences,
  type MeasuredDifference,
} from './plot/differences.js'
export type { Figure } from './plot/figure.js'
export { type HeatmapCells, type HeatmapOptions, heatmap } from './plot/heatmap.js'
export { type Line, lineFigure } from './plot/line.js'
export { type Pair, type PairedOptions, paired } from './plot/paired.js'
export { type ParallelAxis, type ParallelOptions, parallel } from './plot/parallel.js'
export { Picture } from './plot/picture.js'
export { type PointGroup, type PointsOptions, points } from './plot/points.js'
export {
  type DrawnOutcome,
  type GalleryChoice,
  galleryPicture,
  predictionPicture,
  puzzlePicture,
  type VersionsChoice,
  versionsPicture,
} from './plot/puzzle.js'
export { type ReportedResult, reportedSudoku, withReportedLines } from './plot/reported.js'
export { withReportedCurves } from './plot/reported-curves.js'
export type { ReportedAt, ReportedMark } from './plot/reported-marks.js'
export { type CaptionedFigure, captionOf, type FigureSources, withSources } from './plot/sources.js'
export type { Band, BandOptions } from './plot/spread.js'
export { type RenderOptions, renderFigure } from './plot/static.js'
export { type VenueName, venues } from './plot/venues.js'
export { Random } from './random.js'
export type { Recursion } from './recursion/data.js'
export { direct } from './recursion/direct.js'
export { hrm } from './recursion/hrm.js'
export { pseudocode, pseudocodeLines } from './recursion/pseudocode.js'
export { type RecursionInput, type RecursionOptions, recursion } from './recursion/recursion.js'
export { latentRecursion, refineAnswer, refineLatent, trm, trmMulti, trmSingle } from './recursion/trm.js'
export { type AnyUpdate, repeat, type Update } from './recursion/update.js'
export { type Exportable, type ForPaper, type PaperRows, toCsv } from './results/export.js'
export { type LatexOptions, toLatex } from './results/latex.js'
export { toMarkdown } from './results/markdown.js'
export type { TableOptions } from './results/printed-table.js'
export type { PublishedRun } from './results/publish.js'
export { readOutcomes } from './results/record.js'
export type { ReportedCurve } from './results/reported/series.js'
export {
  type ReportedCurveFilter,
  type ReportedFilter,
  reportedCurvesWhere,
  reportedResults,
  reportedRow,
  reportedWhere,
} from './results/reported.js'
export { type ComparedRow, withReported } from './results/reported-beside.js'
export { formatTable } from './results/text.js'
export type { BasinMeasures, BasinOptions, BasinReport } from './statistics/basins.js'
export type { Difference } from './statistics/difference.js'
export type { Estimate } from './statistics/estimate.js'
export { type PowerLaw, type PowerPoint, powerLaw } from './statistics/power-law.js'
export { type DatasetFacts, datasetFacts, type SplitFacts, type TokenFacts } from './storage/facts.js'
export { type Duplicates, duplicates, splitOverlap } from './storage/overlap.js'
export { saveDataset } from './storage/store.js'
export {
  ARC_COLOUR_NAMES,
  ARC_COLOURS,
  type ArcIdentifiers,
  type ArcOptions,
  arcOptions,
  drawBoard,
  drawGrid,
  identifiersFromList,
} from './tasks/arc/index.js'
export type { DefinedOptions, TaskDefinition, TaskExample, TaskSymmetry } from './tasks/define/definition.js'
export { glossary } from './tasks/glossary.js'
export {
  drawMaze,
  isShortestPath,
  type MazeOptions,
  mazeOptions,
  type ParsedMaze,
  parseMaze,
  type SolvedMaze,
  solveMaze,
} from './tasks/maze/index.js'
export { preset, presets } from './tasks/presets.js'
export { type QueensOptions, queensOptions } from './tasks/queens/index.js'
export {
  BOXES,
  type Box,
  drawSudoku,
  geometry,
  isSolution,
  type Solved,
  type Solver,
  type SudokuOptions,
  solverFor,
  sudokuOptions,
} from './tasks/sudoku/index.js'
export type { StepMetrics } from './train/metrics.js'
