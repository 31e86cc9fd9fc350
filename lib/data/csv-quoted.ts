import { CsvError, parse } from 'csv-parse/sync'
import { UserError } from '../errors.js'

/**
 * Splits a record that contains quotes into fields.
 *
 * @throws UserError when the quoting is not valid CSV.
 */
export function quotedFields(text: string, delimiter: string, where: string): string[] {
  try {
    const records = parse(text, { delimiter, relax_column_count: true, record_delimiter: ['\r\n', '\n'] })
    if (records.length === 1) return records[0]!
    throw new UserError({ where, expected: 'well-formed CSV', found: `${records.length} records in one` })
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    // The library counts lines within the record; `where` names the line of the file.
    const found = error.message.replace(/ (at|on) line \d+/, '')
    throw new UserError({ where, expected: 'well-formed CSV', found }, { cause: error })
  }
}
