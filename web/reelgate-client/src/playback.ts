import { PlaybackError } from "./errors.js";

/** What a portal's back end answers: the master playlist with a playback token in its query. */
export interface Playback {
  readonly type: "hls";
  readonly url: string;
  /** When the token ends: RFC 3339. */
  readonly expires_at: string;
}

/** What `GET /api/playback/session` of the gate answers: one token for all films that the viewer may watch. */
export interface PlaybackSession {
  readonly type: "session";
  readonly token: string;
  /** The master playlist of the film `{id}`, percent-encoded, with the token in its query (RFC 6570). */
  readonly url_template: string;
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
  return fetchJson(url, init, isPlayback);
}

/**
 * Asks for a token for all films that the viewer may watch. Like {@link fetchPlayback}, but one answer serves
 * every film for as long as it lives: {@link playbackOf} makes the playback of each.
 *
 * @throws {PlaybackError} by the answer's status; `offline` when there is none or it makes no sense.
 */
export async function fetchPlaybackSession(url: string, init: RequestInit = {}): Promise<PlaybackSession> {
  return fetchJson(url, init, isSession);
}

/** The playback of one film by a token for many. Whether the token opens it, the gate says. */
export function playbackOf(session: PlaybackSession, game: string): Playback {
  // Not as a string: `$&` in an id would mean something to `replace`.
  const url = session.url_template.replace("{id}", () => encodeURIComponent(game));
  return { type: "hls", url, expires_at: session.expires_at };
}

async function fetchJson<T>(url: string, init: RequestInit, isOne: (body: unknown) => body is T): Promise<T> {
  const response = await answered(fetch(url, init));
  if (!response.ok) throw PlaybackError.fromStatus(response.status, await wordOf(response));
  const body = await response.json().catch(() => null);
  if (!isOne(body)) {
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

/** The word for a refusal: the gate's `reason` (RFC 9457, section 3.2), else the portal's own `error`. */
async function wordOf(response: Response): Promise<string | null> {
  const body: unknown = await response.json().catch(() => null);
  const told = typeof body === "object" && body !== null ? body : {};
  const words = ["reason" in told && told.reason, "error" in told && told.error];
  return words.find((word) => typeof word === "string") ?? response.headers.get("X-Reelgate-Reason");
}

function isPlayback(body: unknown): body is Playback {
  return typeof body === "object" && body !== null && "url" in body && typeof body.url === "string";
}

function isSession(body: unknown): body is PlaybackSession {
  return (
    typeof body === "object" &&
    body !== null &&
    "url_template" in body &&
    typeof body.url_template === "string" &&
    body.url_template.includes("{id}")
  );
}
