// Loaded before a program (NODE_OPTIONS=--import=…): its clock jumps as RECURLAB_TEST_CLOCK says, as a list of { ms, hours }; the monotonic clock goes on.
/** @type {{ ms: number, hours: number }[]} */
const jumps = JSON.parse(process.env.RECURLAB_TEST_CLOCK ?? '[]')
const True = Date
const shift = () => 3_600_000 * (jumps.findLast(({ ms }) => performance.now() >= ms)?.hours ?? 0)

globalThis.Date = /** @type {DateConstructor} */ (
  new Proxy(True, {
    construct: (target, args, of) => Reflect.construct(target, args.length === 0 ? [True.now() + shift()] : args, of),
    apply: () => new True(True.now() + shift()).toString(),
    get: (target, name) => (name === 'now' ? () => True.now() + shift() : Reflect.get(target, name)),
  })
)
