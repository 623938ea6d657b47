/**
 * Why a film does not play, in the four ways that a viewer can be told:
 *
 * - `expired`: the viewer's sign-in or token has ended; signing in again helps.
 * - `forbidden`: this viewer may not watch this film.
 * - `missing`: there is no such film.
 * - `offline`: the portal or the gate cannot be reached, or is out of order; trying later helps.
 */
export type PlaybackErrorKind = "expired" | "forbidden" | "missing" | "offline";

/** What the answer said, where there was one. */
export interface PlaybackErrorDetails {
  /** The HTTP status; null where no answer came. */
  readonly status?: number | null;
  /** The gate's word in `X-Reelgate-Reason`, or the portal's; null where none can be read. */
  readonly reason?: string | null;
  readonly cause?: unknown;
}

/** A film that does not play, or no longer. Its message is for the log; no address and no token is in it. */
export class PlaybackError extends Error {
  override readonly name = "PlaybackError";
  readonly kind: PlaybackErrorKind;
  readonly status: number | null;
  readonly reason: string | null;

  constructor(kind: PlaybackErrorKind, message: string, details: PlaybackErrorDetails = {}) {
    super(message, { cause: details.cause });
    this.kind = kind;
    this.status = details.status ?? null;
    this.reason = details.reason ?? null;
  }

  /** The error that a refusing or failing answer means. Status 0 stands for no answer. */
  static fromStatus(status: number, reason: string | null = null): PlaybackError {
    const said = reason === null ? "" : ` (${reason})`;
    return new PlaybackError(kindOf(status, reason), `answered ${status}${said}`, {
      status: status === 0 ? null : status,
      reason,
    });
  }

  /** `error` itself if it is one, else `offline` with `error` as its cause. */
  static from(error: unknown): PlaybackError {
    if (error instanceof PlaybackError) return error;
    const message = error instanceof Error ? error.message : String(error);
    return new PlaybackError("offline", message, { cause: error });
  }
}

function kindOf(status: number, reason: string | null): PlaybackErrorKind {
  if (status === 401 || (status === 403 && reason === "token_expired")) return "expired";
  if (status === 403) return "forbidden";
  // Too many requests and a time-out pass; every other 4xx says that there is no such thing to play.
  if (status === 408 || status === 429) return "offline";
  return status >= 400 && status < 500 ? "missing" : "offline";
}
