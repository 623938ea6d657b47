import {
  fetchPlayback,
  fetchPlaybackSession,
  type FilmDocument,
  type FilmFolder,
  openFolder,
  PlaybackError,
  playbackOf,
  readFilm,
} from "reelgate-client";

import { type Config, playbackUrl } from "../config";
import { whoIsThere } from "../identity";

/** Milliseconds for which a viewer's token is used for further films: it lives for a minute or so. */
const TOKEN_LIFE = 20_000;
/** Milliseconds before its end at which a session is not begun with any more. */
const MARGIN = 60_000;

/** A film as the gate tells of it. */
export interface Told {
  /** Its folder, with a session in the address. */
  readonly folder: string;
  readonly document: FilmDocument;
}

/**
 * What the gate says of films to this viewer: by one session for all of them where the viewer has entitlements, else
 * by one for each.
 */
export class GateFilms {
  readonly #config: Config;
  #headers: { readonly until: number; readonly given: Promise<HeadersInit> } | null = null;
  #shared: Promise<FilmFolder | null> | null = null;

  constructor(config: Config) {
    this.#config = config;
  }

  /** @throws {PlaybackError} `forbidden` where the viewer may not watch it, `missing` where there is none. */
  async tell(id: string, signal: AbortSignal): Promise<Told> {
    const shared = await this.#sharedFolder(id, signal);
    const folder = shared === null ? await this.#ownFolder(id, signal) : besides(shared, id);
    return { folder, document: await readFilm(folder, signal) };
  }

  async #ownFolder(id: string, signal: AbortSignal): Promise<string> {
    const playback = await fetchPlayback(playbackUrl(this.#config, id), await this.#request(signal));
    return (await openFolder(playback, signal)).url;
  }

  /** Null where there is no token for many films. */
  async #sharedFolder(id: string, signal: AbortSignal): Promise<FilmFolder | null> {
    const { playbackSession } = this.#config;
    if (playbackSession === undefined) return null;
    this.#shared ??= this.#openShared(playbackSession, id, signal);
    const folder = await this.#shared;
    if (folder === null || folder.ends.getTime() - MARGIN > Date.now()) return folder;
    this.#shared = this.#openShared(playbackSession, id, signal);
    return this.#shared;
  }

  async #openShared(url: string, id: string, signal: AbortSignal): Promise<FilmFolder | null> {
    try {
      const session = await fetchPlaybackSession(url, await this.#request(signal));
      return await openFolder(playbackOf(session, id), signal);
    } catch (error) {
      this.#shared = null;
      // A viewer without entitlements has no such token, and may watch films all the same. The film that was
      // asked for first may be none of those.
      if (PlaybackError.from(error).kind !== "forbidden") throw error;
      return null;
    }
  }

  async #request(signal: AbortSignal): Promise<RequestInit> {
    if (this.#headers === null || this.#headers.until < Date.now()) {
      this.#headers = { until: Date.now() + TOKEN_LIFE, given: authorization(this.#config) };
      this.#headers.given.catch(() => (this.#headers = null));
    }
    return { signal, headers: await this.#headers.given, cache: "no-store" };
  }
}

/** With the viewer's token as it is at this moment: it lives shorter than a film. */
export async function authorization(config: Config, signal?: AbortSignal): Promise<HeadersInit> {
  const viewer = await whoIsThere(config, signal);
  if (viewer === null) throw PlaybackError.fromStatus(401, "signed_out");
  return viewer.token === undefined ? {} : { Authorization: `Bearer ${viewer.token}` };
}

function besides(folder: FilmFolder, id: string): string {
  return new URL(`../${encodeURIComponent(id)}/`, folder.url).href;
}
