import { PlaybackError } from "./errors.js";

/** What a portal's back end answers: the master playlist with a playback token in its query. */
export interface Playback {
  readonly type: "hls";
  readonly url: string;
  /** When the token ends: RFC 3339. */
  readonly expires_at: string;
}

/** Why a playback URL is asked for: at first, before the session ends, or because the gate refused one. */
export type PlaybackCause = "start" | "renewal" | "refused";

/**
 * Asks the portal for a fresh playback URL. It is called at the start and again whenever the session is to
 * be renewed, so it must not give the same token twice.
 *
 * It may reject with a {@link PlaybackError}; anything else it rejects with counts as `offline`.
 */
export type GetPlaybackUrl = (cause: PlaybackCause, signal: AbortSignal) => Promise<string | Playback>;

/**
 * Asks an endpoint that answers as the component `playback`, the Django view and `playbackAnswer` do.
 *
 * @throws {PlaybackError} by the answer's status; `offline` when there is none or it makes no sense.
 */
export async function fetchPlayback(url: string, init: RequestInit = {}): Promise<Playback> {
  const response = await answered(fetch(url, init));
  if (!response.ok) throw PlaybackError.fromStatus(response.status, await wordOf(response));
  const body = await response.json().catch(() => null);
  if (!isPlayback(body)) {
    throw new PlaybackError("offline", "the portal's answer is no playback", { status: response.status });
  }
  return body;
}

/** A response, where there is one: `fetch` rejects for want of a network, a name or CORS headers alike. */
export async function answered(response: Promise<Response>): Promise<Response> {
  try {
    return await response;
  } catch (cause) {
    throw new PlaybackError("offline", "no answer", { cause });
  }
}

async function wordOf(response: Response): Promise<string | null> {
  const body: unknown = await response.json().catch(() => null);
  if (typeof body !== "object" || body === null) return null;
  const word = "error" in body ? body.error : "type" in body ? body.type : null;
  return typeof word === "string" ? word : null;
}

function isPlayback(body: unknown): body is Playback {
  return typeof body === "object" && body !== null && "url" in body && typeof body.url === "string";
}
