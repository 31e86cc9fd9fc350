/** The part of a tensor that is needed here. */
interface Disposable {
  dispose(): void
}

interface Scope {
  readonly id: number
}

/** Fields of the `EngineState` of TensorFlow.js that describe work in progress. */
interface EngineState {
  scopeStack: Scope[]
  activeScope: Scope | null | undefined
  gradientDepth: number
  kernelDepth: number
  activeTape: { readonly saved?: readonly Disposable[] | null }[] | null | undefined
  numDataMovesStack: number[]
  profiling: boolean
}

interface Engine {
  readonly state: EngineState
  /** Ends the innermost scope and frees its tensors, except those that are kept. */
  endScope(): void
  trackTensor?: unknown
  removeDataId?: unknown
}

/** Methods of the engine that lib/backend/tensor-memory.ts temporarily shadows with own properties. */
const WATCHED = ['trackTensor', 'removeDataId'] as const

/**
 * Remembers the state of TensorFlow.js: its open scopes, gradients, running operations, and the hooks that watch its
 * tensors. Code that is stopped by force runs no `finally`, so that scopes stay open: every later tensor would count as
 * theirs, and gradients would be recorded for ever.
 *
 * @returns a function that restores the state and frees the tensors of scopes opened since. TensorFlow.js may be loaded
 *   in between
 */
export function rememberScopes(): () => void {
  const there = engine()
  const watching = WATCHED.flatMap((name) =>
    there && Object.hasOwn(there, name) ? [[name, there[name]] as const] : [],
  )
  const before = there?.state
  const scopes = (before?.scopeStack ?? []).map(({ id }) => id)
  const { gradientDepth, kernelDepth, profiling } = before ?? { gradientDepth: 0, kernelDepth: 0, profiling: false }
  const moves = before?.numDataMovesStack.length ?? 0
  const nodes = gradientDepth > 0 ? (before?.activeTape?.length ?? 0) : 0
  return () => {
    const now = engine()
    if (!now) return
    const { state } = now
    for (const name of WATCHED) delete now[name]
    for (const [name, watcher] of watching) now[name] = watcher
    try {
      freeTape(state, nodes)
      endScopes(now, scopes)
    } finally {
      state.gradientDepth = gradientDepth
      state.kernelDepth = kernelDepth
      if (!profiling) state.profiling = false
      state.numDataMovesStack.length = Math.min(state.numDataMovesStack.length, moves)
    }
  }
}

/** Frees the tensors that the tape holds for the backward pass, which are in no scope. */
function freeTape(state: EngineState, nodes: number): void {
  const tape = state.activeTape
  if (!tape) return
  for (const { saved } of tape.splice(nodes)) for (const tensor of saved ?? []) tensor.dispose()
  if (nodes === 0) state.activeTape = null
}

function endScopes(engine: Engine, scopes: readonly number[]): void {
  const { state } = engine
  // Scopes that the code itself has ended stay ended.
  let common = 0
  while (common < scopes.length && state.scopeStack[common]?.id === scopes[common]) common++
  while (state.scopeStack.length > common) engine.endScope()
}

/** Returns the engine of the process, which all copies of TensorFlow.js share; undefined before one is loaded. */
function engine(): Engine | undefined {
  return (globalThis as { _tfengine?: Engine })._tfengine
}
