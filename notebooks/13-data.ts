// ---
// jupyter:
//   jupytext:
//     text_representation:
//       extension: .ts
//       format_name: percent
//       format_version: '1.3'
//   kernelspec:
//     display_name: TypeScript (Recurlab)
//     language: typescript
//     name: recurlab
// ---

// %% [markdown]
// # What the models are given: Sudokus, mazes, ARC tasks
//
// Puzzles of all three tasks of *Less is More* ([arXiv 2510.04871](https://arxiv.org/abs/2510.04871)), generated here with a seed,
// so that nothing is downloaded: how many there are, what they look like, and in which versions training sees them. The real
// data sets are read by the same functions: `await loadDataset('DIR')`, also from a folder of the published builders.

// %%
import {
  arc, type Dataset, datasetFacts, exampleOf, maze, saveFigure, show, showPrediction,
  showPuzzle, showVersions, sudoku, versionsPicture,
} from '../lib'

// %% tags=["parameters"]
let seed = 0
let puzzles = 100
let mazes = 20
let tasks = 40

// %%
const grids = await sudoku({ box: [3, 3], clues: 27, train: puzzles, test: puzzles / 2, seed })
const labyrinths = await maze({ size: 30, train: mazes, test: mazes / 2, augment: 'dihedral', seed })
const riddles = await arc({ set: 'generated', train: tasks, test: tasks / 2, augment: 10, seed })
const all: Dataset[] = [grids, labyrinths, riddles]

// %% [markdown]
// ## Counts
//
// A *group* is a base puzzle or task with all its *versions*, an *example* one question with its answer. Sudokus are varied
// without end, a maze has 8 turned and mirrored versions, an ARC task as many as were drawn when the data set was built. The rating
// of a Sudoku is how often a solver must take a guess back, that of a maze the cells of its shortest path.

// %%
const facts = all.map((data) => ({ task: data.manifest.task, ...datasetFacts(data) }))
show(facts.flatMap(({ task, splits }) => (['train', 'test'] as const).map((split) => {
  const { groups, versions, examples, ratingMin, ratingMedian, ratingMax } = splits[split]
  return {
    task, split, groups, versions: versions ?? 'without end', examples,
    'rating, least': ratingMin, 'rating, median': ratingMedian, 'rating, most': ratingMax,
  }
})))

// %% [markdown]
// Do test puzzles occur in training? Literally, or as something that the augmentation could turn into one (for ARC that is not
// looked for):

// %%
show(facts.map(({ task, duplicates: { literal, twins } }) => ({
  task,
  'test puzzles in training': literal.across,
  'twins of a training puzzle': twins?.across ?? 'not looked for',
  'training puzzles that repeat': literal.train,
  'test puzzles that repeat': literal.test,
})))

// %% [markdown]
// ## Sudoku
//
// 81 tokens: blank and the digits. What the puzzle gives is black, what the answer fills in is blue.

// %%
showPuzzle(grids, { split: 'test', example: 0 })

// %% [markdown]
// In training the digits are relabelled, rows, columns and bands exchanged, the grid transposed. Version 0 is the puzzle itself:

// %%
showVersions(grids, { example: 0, count: 4, seed })

// %% [markdown]
// ## Mazes
//
// Walls are drawn at random, start S and goal G so that the shortest path between them is long: at least 110 cells of 900 here, as
// in Maze-Hard. The answer marks one shortest path.

// %%
showPuzzle(labyrinths, { split: 'test', example: 0 })

// %%
showVersions(labyrinths, { example: 0, count: 4 })

// %% [markdown]
// ## ARC
//
// A task shows some pairs of grids; the rule behind them is to be found, and applied to the test input. The models get one pair at a
// time, on a board of 30×30 with the end of the grid marked (light grey), and an identifier of the task: what the pairs have in
// common is learned into that identifier's embedding. Three pairs of one generated task:

// %%
const [first = 0] = riddles.train.puzzleStarts
for (const example of [0, 1, 2]) showPuzzle(riddles, { example: first + example })

// %% [markdown]
// A version permutes the colours (black stays), then turns or mirrors; each has an identifier of its own, whose name says
// which. In training the pairs are moved about the board, question and answer alike:

// %%
showVersions(riddles, { example: 0, count: 4, seed })

// %% [markdown]
// ## Tokens
//
// What each token stands for, and its share of all cells:

// %%
for (const { task, vocabulary } of facts)
  show(vocabulary.map(({ token, meaning, inInputs, inLabels }) => ({
    task, token, meaning,
    'in questions (%)': Math.round(1000 * inInputs) / 10,
    'in answers (%)': Math.round(1000 * inLabels) / 10,
  })))

// %% [markdown]
// ## Predictions
//
// `showPrediction` takes an outcome of an evaluation and frames the wrong cells. No model is trained here, so this
// "prediction" is the right answer with three cells changed by hand:

// %%
const prediction = exampleOf(grids, { split: 'test', example: 1 }).label
for (const cell of [10, 40, 70])
  prediction[cell] = prediction[cell] === 10 ? 2 : prediction[cell]! + 1
showPrediction(grids, { puzzle: 1, prediction })

// %% [markdown]
// Every picture can be saved for a paper, as SVG, PNG or PDF:

// %%
const versions = versionsPicture(riddles, { example: 0, count: 4, seed })
console.log(await saveFigure(versions, '13-data-arc.svg'))

// %% [markdown]
// ## Next
//
// - The same on the command line: `npx recurlab data build maze out=data/maze-30 augment=dihedral`, then
//   `npx recurlab data info data/maze-30 split=test example=3`.
// - Watch a trained model solve one puzzle: `npx recurlab solve RUN PUZZLE`.
//
// **Exercise 1.** How many versions of one Sudoku, one maze, one ARC task could training see?
//
// <details><summary>Solution</summary>
//
// A 9×9 Sudoku: 9! ways to relabel the digits, 3! orders of the bands and 3!³ of the rows in them, as many for the columns, and the transposition: 9! · 6⁸ · 2 = 1.2 · 10¹². A maze: the
// 8 ways to turn and mirror a square. An ARC task: 9! orders of the colours (black stays) and the same 8, so 2.9 million, of which the paper draws 1,000; a task of few colours has fewer different ones.
//
// </details>
//
// **Exercise 2.** What cell accuracy has a model that copies the question, and guesses what is blank? Which metric shows that it has learned nothing?
//
// <details><summary>Solution</summary>
//
// By the tables of tokens. Sudoku: a third is given, and of the rest one cell in nine is guessed: 33 + 67/9 = 41 %. Maze: all but the path is right, 87.5 %. ARC: nearly everything is padding, which no
// metric counts. Exact accuracy, the share of puzzles without a wrong cell, is 0 % for all three: cell accuracy has to be read against what copying gives.
//
// </details>
