import { UserError } from '../errors.js'
import { checkFormatVersion } from '../files/format-version.js'
import { isJsonObject, type JsonObject, jsonText, kindOf } from '../files/json.js'

/** Version of `config.json` that is written and read. */
const FORMAT_VERSION = 1

/** The configuration of a run as its `config.json` keeps it. */
export interface RecordedConfig {
  /** The keys that were given. */
  readonly asked: object
  /** Every value that is used, in groups; see `resolveConfig`. */
  readonly resolved: object
}

/** The text of `config.json`. */
export function recordText({ asked, resolved }: RecordedConfig): string {
  return jsonText({ formatVersion: FORMAT_VERSION, asked, resolved })
}

/** Whether an object is the content of a run's `config.json`, of whatever version. */
export function isRecordedConfig(json: JsonObject): boolean {
  return 'formatVersion' in json && 'resolved' in json
}

/** The configuration in the content of a `config.json`. @throws UserError for a file of another version. */
export function recordedConfig(json: JsonObject, file: string): { asked: JsonObject; resolved: JsonObject } {
  checkFormatVersion(json, file, 'the configuration of a run', FORMAT_VERSION)
  const { asked, resolved } = json
  if (isJsonObject(asked) && isJsonObject(resolved)) return { asked, resolved }
  throw new UserError({
    where: file,
    expected: 'a configuration as asked and resolved',
    found: `${kindOf(asked)} and ${kindOf(resolved)}`,
    todo: 'The file is damaged: copy it again.',
  })
}
