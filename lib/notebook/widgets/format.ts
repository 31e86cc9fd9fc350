/** Digits of a number without a format. */
const DIGITS = 12

/**
 * Formats a number like the front end's sliders, in the forms of d3-format that they use (`d`, `.2f`, `.3g`, `.1e`, `.0%`);
 * in any other form as JavaScript does.
 */
export function formatNumber(value: number, format = ''): string {
  const parts = /^(?:\.(\d{1,2}))?([dfge%])$/.exec(format)
  if (!parts) return String(Number(value.toPrecision(DIGITS)))
  const places = Math.min(20, Number(parts[1] ?? 6))
  switch (parts[2]) {
    case 'd':
      return String(Math.round(value))
    case 'f':
      return value.toFixed(places)
    case 'e':
      return value.toExponential(places)
    case '%':
      return `${(value * 100).toFixed(places)}%`
    default:
      return value.toPrecision(Math.max(1, places))
  }
}
