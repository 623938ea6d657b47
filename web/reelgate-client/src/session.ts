import { sayThatCookiesAreKeptOut } from "./cookies.js";
import { PlaybackError } from "./errors.js";
import { Film } from "./film.js";
import { answered, type GetPlaybackUrl, type PlaybackCause } from "./playback.js";
import { isSessionInfo, type SessionInfo } from "./session-info.js";

/**
 * How requests carry the session: in a cookie, or in the path. `auto` takes the cookie where the browser
 * keeps it and the path where it does not.
 */
export type Transport = "auto" | "cookie" | "path";

/** A session as long as it is the current one. */
interface Current {
  /** Where the film's files are to be asked for. */
  readonly folder: string;
  readonly credentials: "include" | "omit";
  /** The same folder with the session in the path. */
  readonly byPath: string;
  /** Milliseconds since 1970, by the gate's clock. */
  readonly ends: number;
}

/** What a request goes with. */
export interface Admission {
  readonly url: string;
  readonly credentials: "include" | "omit";
  /** Which session it belongs to, for {@link GateSession.renewAfter}. */
  readonly generation: number;
}

export interface SessionOptions {
  readonly transport: Transport;
  /** Called each time a session begins, the first included. */
  readonly onBegun?: (ends: Date) => void;
}

/** Longest time before its end at which a session is renewed, in milliseconds: a cinema's network may be down for a while. */
const LONGEST_MARGIN = 300_000;
/** Part of a session's life that is left when it is renewed, where that is shorter. */
const MARGIN_OF_LIFE = 0.2;
/** Shortest pause between two renewals in milliseconds. */
const SHORTEST_PAUSE = 10_000;

/**
 * A viewer's session at the gate for one film: begun with a playback URL, renewed with another before it
 * ends or when the gate refuses it.
 */
export class GateSession {
  readonly #getPlaybackUrl: GetPlaybackUrl;
  readonly #options: SessionOptions;
  readonly #closing = new AbortController();
  #film: Film | null = null;
  #current: Current | null = null;
  #generation = 0;
  #exchange: Promise<void> | null = null;
  #failure: PlaybackError | null = null;
  #isFinal = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #hasBegun = (): void => {};
  /** Settles with the first session; never where there is none. */
  readonly begun = new Promise<void>((resolve) => {
    this.#hasBegun = resolve;
  });

  constructor(getPlaybackUrl: GetPlaybackUrl, options: SessionOptions) {
    this.#getPlaybackUrl = getPlaybackUrl;
    this.#options = options;
  }

  /**
   * Begins the session, or begins it anew after a failure.
   *
   * @returns the address to give to a player; it stays the same for the life of this object.
   * @throws {PlaybackError} when the portal or the gate refuses, twice.
   */
  async start(): Promise<string> {
    this.#isFinal = false;
    await this.#renew("start");
    return this.master;
  }

  /** The address of the film as players know it, without a session. Empty before the start. */
  get master(): string {
    return this.#film?.master ?? "";
  }

  /** Whether there has been a session yet. */
  get isBegun(): boolean {
    return this.#current !== null;
  }

  /** What a request for `url`, an address under the film's folder, is to go with. Null for any other. */
  admit(url: string): Admission | null {
    if (this.#film === null || this.#current === null || !url.startsWith(this.#film.folder)) return null;
    const { folder, credentials } = this.#current;
    return { url: folder + url.slice(this.#film.folder.length), credentials, generation: this.#generation };
  }

  /** What players know `url` by: the opposite of {@link admit}. */
  known(url: string): string {
    if (this.#film === null || this.#current === null || !url.startsWith(this.#current.folder)) return url;
    return this.#film.folder + url.slice(this.#current.folder.length);
  }

  /**
   * The address of another file of the film, such as a poster. The session is in its path, so that whatever
   * fetches it needs no cookie. It ends with the session.
   */
  urlFor(file: string): string {
    return this.#current === null ? "" : this.#current.byPath + file;
  }

  /**
   * Renews the session because the gate refused a request of `generation`. Where it has been renewed since,
   * or is being renewed, that is what is waited for. After a refusal that is final it rejects at once.
   *
   * @throws {PlaybackError} why there is no new session.
   */
  async renewAfter(generation: number): Promise<void> {
    if (this.#failure !== null && this.#isFinal) throw this.#failure;
    if (generation !== this.#generation) return;
    try {
      await this.#renew("refused");
    } catch (error) {
      const failure = PlaybackError.from(error);
      if (failure.kind !== "offline") this.settle(failure);
      throw failure;
    }
  }

  /** Makes a refusal final: no request tries again before the next {@link start} or timely renewal. */
  settle(failure: PlaybackError): void {
    this.#failure = failure;
    this.#isFinal = true;
  }

  /** Why the last renewal failed, or what {@link settle} was told; null once a session has begun since. */
  get failure(): PlaybackError | null {
    return this.#failure;
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#closing.abort();
  }

  get closed(): boolean {
    return this.#closing.signal.aborted;
  }

  #renew(cause: PlaybackCause): Promise<void> {
    this.#exchange ??= this.#swap(cause)
      .catch((error: unknown) => {
        this.#failure = PlaybackError.from(error);
        throw this.#failure;
      })
      .finally(() => {
        this.#exchange = null;
      });
    return this.#exchange;
  }

  /** A token for a session. A token that the gate refuses is replaced once; it may have come too late. */
  async #swap(cause: PlaybackCause): Promise<void> {
    const { signal } = this.#closing;
    const playback = await this.#getPlaybackUrl(cause, signal);
    const film = Film.parse(typeof playback === "string" ? playback : playback.url);
    const info = await this.#ask(film, "token").catch((error: unknown) => {
      if (cause === "refused" || !isRefusal(error)) throw error;
      return null;
    });
    if (info === null) return this.#swap("refused");
    const byCookie = this.#options.transport === "path" ? null : await this.#cookie(film, info);
    const byPath = film.folderUnder(info.prefix);
    signal.throwIfAborted();
    // A cookie is preferred: it does not show in addresses, and the gate renews it by itself.
    this.#begin(film, {
      folder: byCookie === null ? byPath : film.folder,
      credentials: byCookie === null ? "omit" : "include",
      byPath,
      ends: Date.parse((byCookie ?? info).expires_at),
    });
  }

  #begin(film: Film, current: Current): void {
    this.#film ??= film;
    this.#current = current;
    this.#generation += 1;
    this.#failure = null;
    this.#isFinal = false;
    this.#schedule(current.ends);
    this.#hasBegun();
    this.#options.onBegun?.(new Date(current.ends));
  }

  /** Whether the cookie that came with the token comes back, told by the session it stands for. */
  async #cookie(film: Film, info: SessionInfo): Promise<SessionInfo | null> {
    if (this.#options.transport === "cookie") return info;
    try {
      return await this.#ask(film, "cookie");
    } catch (error) {
      if (!isRefusal(error)) throw error;
      sayThatCookiesAreKeptOut(film.folder);
      return null;
    }
  }

  async #ask(film: Film, by: "token" | "cookie"): Promise<SessionInfo> {
    const request = fetch(film.sessionInfo(by), { credentials: "include", signal: this.#closing.signal });
    const response = await answered(request);
    if (!response.ok) {
      throw PlaybackError.fromStatus(response.status, response.headers.get("X-Reelgate-Reason"));
    }
    const info: unknown = await response.json().catch(() => null);
    if (!isSessionInfo(info)) {
      throw new PlaybackError("offline", "the gate's answer is no session", { status: response.status });
    }
    return info;
  }

  #schedule(ends: number): void {
    const life = ends - Date.now();
    // A session does not begin when it is over: the clocks differ. The gate will say when it has ended.
    if (!(life > 0)) return;
    this.#renewIn(life - Math.min(LONGEST_MARGIN, life * MARGIN_OF_LIFE));
  }

  #renewIn(delay: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#renewInTime(), Math.max(delay, SHORTEST_PAUSE));
  }

  /** A failure here is nobody's concern yet: the session still lives, and its end will be noticed. */
  async #renewInTime(): Promise<void> {
    try {
      await this.#renew("renewal");
    } catch (error) {
      const isOver = this.closed || (this.#current?.ends ?? 0) < Date.now();
      if (PlaybackError.from(error).kind === "offline" && !isOver) this.#renewIn(SHORTEST_PAUSE);
    }
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof PlaybackError && error.status === 403;
}
