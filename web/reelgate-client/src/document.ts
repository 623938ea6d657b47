import { PlaybackError } from "./errors.js";
import { Film } from "./film.js";
import { answered, type Playback } from "./playback.js";
import { isSessionInfo } from "./session-info.js";

/** What is said of a film in its `film.json`, as far as a list of films needs it. */
export interface FilmDocument {
  readonly id: string;
  readonly title?: string;
  /** As it was given: `2025-10-09`. */
  readonly date?: string;
  readonly description?: string;
  readonly duration_seconds?: number;
  /** Names of files in the film's folder. */
  readonly poster?: string;
  readonly thumbnails?: string;
}

/** A film's folder at the gate, with a session in its address. */
export interface FilmFolder {
  /** With a slash at the end. Under a token for many films the others' folders lie beside it. */
  readonly url: string;
  readonly ends: Date;
}

/**
 * Swaps a playback URL for the address of the film's folder, good for as long as the session lives: for lists, which
 * show films and play none.
 *
 * @throws {PlaybackError} by the gate's answer.
 */
export async function openFolder(playback: string | Playback, signal?: AbortSignal): Promise<FilmFolder> {
  const film = Film.parse(typeof playback === "string" ? playback : playback.url);
  // A list takes no cookie: it would stand for one film of many.
  const info: unknown = await fetchFrom(film.sessionInfo("token"), signal);
  if (!isSessionInfo(info)) throw new PlaybackError("offline", "the gate's answer is no session");
  return { url: film.folderUnder(info.prefix), ends: new Date(info.expires_at) };
}

/**
 * Reads the `film.json` in a folder.
 *
 * @throws {PlaybackError} by the gate's answer; `missing` where a film has no such document.
 */
export async function readFilm(folder: string, signal?: AbortSignal): Promise<FilmDocument> {
  const document: unknown = await fetchFrom(`${folder}film.json`, signal);
  if (!isDocument(document)) throw new PlaybackError("missing", "film.json makes no sense");
  return document;
}

async function fetchFrom(url: string, signal: AbortSignal | undefined): Promise<unknown> {
  const response = await answered(fetch(url, { credentials: "omit", ...(signal && { signal }) }));
  if (!response.ok) {
    throw PlaybackError.fromStatus(response.status, response.headers.get("X-Reelgate-Reason"));
  }
  return response.json().catch(() => null);
}

function isDocument(value: unknown): value is FilmDocument {
  return typeof value === "object" && value !== null && "id" in value && typeof value.id === "string";
}
