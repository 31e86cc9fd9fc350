import { UserError } from '../errors.js'

/** Maximum length of an ID; file systems accept 255 bytes, and files beside it have longer names. */
const LONGEST = 200

/**
 * Checks an ID that becomes the name of a folder or a file, so that a record which others wrote cannot lead out of the folder that
 * it belongs to.
 *
 * @param where place of the ID, for the error
 * @returns the ID
 * @throws UserError unless it is letters, digits, `_`, `-` and single dots, beginning with a letter or digit.
 */
export function checkedId(id: unknown, where: string): string {
  if (typeof id === 'string' && id.length <= LONGEST && /^[A-Za-z0-9][\w.-]*$/.test(id) && !/\.(?:\.|$)/.test(id))
    return id
  throw new UserError({
    where,
    expected: `an ID of letters, digits, dots and dashes, at most ${LONGEST} characters`,
    found: JSON.stringify(id) ?? 'nothing',
  })
}
