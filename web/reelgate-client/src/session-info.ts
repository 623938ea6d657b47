/** What the gate says of a session in `session.json`. */
export interface SessionInfo {
  /** The path of the film's folder with the session in it. */
  readonly prefix: string;
  /** RFC 3339. */
  readonly expires_at: string;
}

export function isSessionInfo(value: unknown): value is SessionInfo {
  return (
    typeof value === "object" &&
    value !== null &&
    "prefix" in value &&
    typeof value.prefix === "string" &&
    "expires_at" in value &&
    typeof value.expires_at === "string"
  );
}
