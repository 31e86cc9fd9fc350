import { type Networks, type Recursion, repeat, type State, type Update } from './recursion.js'

/** z_i ← net(s, y + x), where s = Σ z as it is now */
function refineLatent(i: number): Update {
  return (nets, x, state) => ({ [`z${i}`]: nets.net(sumOfLatents(nets, state), state.y!, x) })
}

/** y ← net(y, s) */
const refineAnswer: Update = (nets, _x, state) => ({ y: nets.netY(state.y!, sumOfLatents(nets, state)) })

/**
 * The TRM with n latents: T times, z_1 to z_n are refined one after the other, then y. Paper, Table 2
 * ("multi-scale z").
 */
export function trmMulti(T: number, n: number, gradient: 'full' | 'one-step'): Recursion {
  const refineLatents = Array.from({ length: n }, (_, i) => refineLatent(i + 1))
  return { updates: repeat(T, [...refineLatents, refineAnswer]), withGradient: gradient === 'full' ? n + 1 : 2 }
}

/** s = z_1 + … + z_n */
function sumOfLatents<Hidden>({ plus }: Networks<Hidden>, { y: _, ...latents }: State<Hidden>): Hidden {
  return Object.values<Hidden>(latents).reduce((a, b) => plus(a, b))
}
