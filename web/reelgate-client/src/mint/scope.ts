import { MintError } from "./error.js";

/** Longest id of a film in bytes, as the gate has it. */
const MAX_GAME_ID_BYTES = 128;
/** Most patterns in one `ent`: the gate compares each on every request. */
const MAX_PATTERNS = 64;

/**
 * The id as text.
 *
 * @throws {MintError} where the gate knows no film with such an id: it has 1 to 128 bytes and is not `.` or
 * `..`; slashes, backslashes, control characters and percent escapes are not in it.
 */
export function gameId(value: string | number): string {
  if (typeof value !== "string" && !Number.isSafeInteger(value)) throw bad("a film's id is a string or a whole number");
  const text = String(value);
  const bytes = Buffer.byteLength(text);
  if (bytes < 1 || bytes > MAX_GAME_ID_BYTES) throw bad(`a film's id has 1 to ${MAX_GAME_ID_BYTES} bytes`);
  if (text === "." || text === ".." || /[/\\\u0000-\u001f\u007f-\u009f]|%[0-9a-f]{2}/i.test(text)) {
    throw bad("a film's id is not `.` or `..` and holds no slash, backslash, control character or percent escape");
  }
  checkUnicode(text);
  return text;
}

/** The path under which the gate serves the game: `/games/{id}/`, escaped. */
export function gamePath(value: string | number): string {
  const escaped = encodeURIComponent(gameId(value));
  // What encodeURIComponent leaves beyond RFC 3986's unreserved characters.
  const strict = escaped.replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
  return `/games/${strict}/`;
}

/**
 * The patterns as they are.
 *
 * @throws {MintError} where there are none or more than 64, or one would admit nothing: it is empty, or has a
 * `*` that is not its only one at the end.
 */
export function checkPatterns(patterns: readonly string[]): readonly string[] {
  if (!Array.isArray(patterns)) throw bad('ent is a list of patterns, such as ["nfl-*"]');
  if (patterns.length < 1 || patterns.length > MAX_PATTERNS) throw bad(`ent holds 1 to ${MAX_PATTERNS} patterns`);
  for (const pattern of patterns) {
    if (typeof pattern !== "string" || pattern === "") throw bad("each pattern of ent is a non-empty string");
    if (pattern.slice(0, -1).includes("*")) {
      throw bad("a pattern of ent has at most one `*`, and it stands at the end");
    }
    checkUnicode(pattern);
  }
  return patterns;
}

/** A lone surrogate has no UTF-8: JSON would carry it, and the gate would refuse it. */
function checkUnicode(text: string): void {
  if (/\p{Surrogate}/u.test(text)) throw bad("a film's id or pattern is not valid Unicode");
}

function bad(message: string): MintError {
  return new MintError("grant", message);
}
