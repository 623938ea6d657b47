import { PlaybackError } from "./errors.js";

const GAME = /^\/games\/[^/]+\//;

/**
 * Where a film lies: a playback URL taken apart.
 *
 * `https://gate/games/7/master.m3u8?t=…` has the folder `https://gate/games/7/`, the file `master.m3u8` and
 * a token.
 */
export class Film {
  private constructor(
    /** The film's folder under the gate's address, with a slash at the end. */
    readonly folder: string,
    /** The playlist's name in it, with what its query says beside the token. */
    readonly file: string,
    private readonly token: string,
  ) {}

  /** @throws {PlaybackError} `missing` where `url` is no playback URL. */
  static parse(url: string): Film {
    const parsed = URL.canParse(url) ? new URL(url) : null;
    const game = parsed === null ? null : GAME.exec(parsed.pathname);
    const token = parsed?.searchParams.get("t") ?? null;
    if (parsed === null || game === null || token === null) {
      throw new PlaybackError("missing", "a playback URL reads https://gate/games/{id}/master.m3u8?t={token}");
    }
    parsed.searchParams.delete("t");
    const file = parsed.pathname.slice(game[0].length) + parsed.search;
    return new Film(parsed.origin + game[0], file, token);
  }

  /** The playlist without a token: what players are given. */
  get master(): string {
    return this.folder + this.file;
  }

  /** The gate's own answer about the session: of the token, or of the cookie that it left. */
  sessionInfo(by: "token" | "cookie"): string {
    const query = by === "token" ? `?t=${encodeURIComponent(this.token)}` : "";
    return `${this.folder}session.json${query}`;
  }

  /** The film's folder as seen through a session in the path. */
  folderUnder(prefix: string): string {
    return new URL(prefix, this.folder).href;
  }
}
