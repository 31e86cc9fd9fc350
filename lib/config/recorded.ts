import { UserError } from '../errors.js'
import { checkFormatVersion } from '../files/format-version.js'
import { isJsonObject, type JsonObject, jsonText, kindOf } from '../files/json.js'

/** Format version of `config.json`. */
const FORMAT_VERSION = 1

/** The configuration of a run as stored in its `config.json`. */
export interface RecordedConfig {
  /** Keys that were given. */
  readonly asked: object
  /** Effective values in groups; see `resolveConfig`. */
  readonly resolved: object
}

/** Returns the text of `config.json`. */
export function recordText({ asked, resolved }: RecordedConfig): string {
  return jsonText({ formatVersion: FORMAT_VERSION, asked, resolved })
}

/** Returns whether an object is the content of a run's `config.json`, of any version. */
export function isRecordedConfig(json: JsonObject): boolean {
  return 'formatVersion' in json && 'resolved' in json
}

/** Returns the configuration in the content of a `config.json`. @throws UserError for another format version. */
export function recordedConfig(json: JsonObject, file: string): { asked: JsonObject; resolved: JsonObject } {
  checkFormatVersion(json, file, 'the configuration of a run', FORMAT_VERSION)
  const { asked, resolved } = json
  if (isJsonObject(asked) && isJsonObject(resolved)) return { asked, resolved }
  throw new UserError({
    where: file,
    expected: 'a configuration with asked and resolved',
    found: `${kindOf(asked)} and ${kindOf(resolved)}`,
    todo: 'The file is damaged: copy it again.',
  })
}
