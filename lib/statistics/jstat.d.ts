/** The part of jstat that is used here; the package has no types. */
declare module 'jstat' {
  interface Distribution {
    cdf(x: number, ...parameters: number[]): number
    inv(p: number, ...parameters: number[]): number
  }
  const jstat: {
    readonly jStat: {
      readonly studentt: Distribution
      readonly normal: Distribution
      readonly beta: Distribution
      gammaln(x: number): number
    }
  }
  export default jstat
}
