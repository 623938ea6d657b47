import { createHmac } from "node:crypto";

import { checkPatterns, gameId, gamePath } from "./mint/scope.js";
import { MintError } from "./mint/error.js";
import { signingKey } from "./mint/secret.js";
import type { Playback } from "./playback.js";

export { MintError, type MintErrorKind } from "./mint/error.js";
export type { Playback } from "./playback.js";

/** Longest life of a token in seconds. It travels in a URL, so it is seen by many. */
export const MAX_TTL_SECONDS = 900;

/**
 * Longest token in bytes. The session that the gate makes of it says the same and must fit a cookie; it
 * refuses one of more than 3,800 bytes, of which names, attributes and a session id take the rest.
 */
const MAX_TOKEN_BYTES = 3600;

export interface MintOptions {
  /** The film it opens. */
  readonly gid?: string | number;
  /** Instead of `gid` or beside it, the films it opens: ids, or beginnings with one trailing `*`. */
  readonly ent?: readonly string[];
  /** The viewer, for the gate's log and the session. */
  readonly sub?: string;
  /** Its life in seconds, 1 to 900; 900 unless given. */
  readonly ttl?: number;
  /** The name of the secret that signs, instead of the first. */
  readonly kid?: string;
  /** The gate's `playback_token_issuer`; `reelgate-portal` unless given. */
  readonly issuer?: string;
  /** The gate's `playback_token_audience`; `reelgate-gate` unless given. */
  readonly audience?: string;
  /** Seconds since 1970, instead of the clock. */
  readonly now?: number;
}

/**
 * A playback token: an HS256 JWT that the gate swaps for a session.
 *
 * @param secret the gate's `playback_token_secret`: one secret of 32 bytes or more, or `k2:new,k1:old`, of
 * which the first signs.
 * @throws {MintError} when the secret is unusable or the gate would refuse the token.
 */
export function mintPlaybackToken(secret: string, options: MintOptions): string {
  const key = signingKey(secret, options.kid);
  const iat = options.now ?? Math.floor(Date.now() / 1000);
  const claims = {
    ...who(options.sub),
    ...what(options),
    iat,
    exp: iat + life(options.ttl ?? MAX_TTL_SECONDS),
    iss: named("issuer", options.issuer ?? "reelgate-portal"),
    aud: named("audience", options.audience ?? "reelgate-gate"),
  };
  const header = { alg: "HS256", ...(key.kid !== null && { kid: key.kid }), typ: "JWT" };
  const signed = `${part(header)}.${part(claims)}`;
  const token = `${signed}.${createHmac("sha256", key.secret).update(signed).digest("base64url")}`;
  if (token.length > MAX_TOKEN_BYTES) {
    throw new MintError("grant", `the token has ${token.length} bytes, more than fit a session: give fewer or shorter patterns`);
  }
  return token;
}

export interface PlaybackOptions extends Omit<MintOptions, "gid" | "ent"> {
  readonly gid: string | number;
  /** The gate's scheme, host and port: `https://video.portal.example`. */
  readonly videoOrigin: string;
}

/**
 * What the portal answers a page that wants to play a film, once it knows that the viewer may.
 *
 * @throws {MintError} as {@link mintPlaybackToken}, and when `videoOrigin` is no origin.
 */
export function playbackAnswer(secret: string, options: PlaybackOptions): Playback {
  const { videoOrigin, ...grant } = options;
  if (!/^https?:/.test(videoOrigin) || !URL.canParse(videoOrigin) || new URL(videoOrigin).origin !== videoOrigin) {
    throw new MintError("grant", "videoOrigin is a scheme, a host and perhaps a port, such as https://video.portal.example");
  }
  const now = options.now ?? Math.floor(Date.now() / 1000);
  const ttl = options.ttl ?? MAX_TTL_SECONDS;
  const token = mintPlaybackToken(secret, { ...grant, now, ttl });
  return {
    type: "hls",
    url: `${videoOrigin}${gamePath(options.gid)}master.m3u8?t=${token}`,
    expires_at: new Date((now + ttl) * 1000).toISOString().replace(".000Z", "Z"),
  };
}

function who(sub: string | undefined): { sub?: string } {
  if (sub === undefined) return {};
  if (typeof sub !== "string") throw new MintError("grant", "sub is a string: use String(user.id)");
  return { sub };
}

function what({ gid, ent }: MintOptions): { gid?: string; ent?: readonly string[] } {
  if (gid === undefined && ent === undefined) {
    throw new MintError("grant", "give gid, the film that the token opens, or ent, a list of patterns");
  }
  return {
    ...(gid !== undefined && { gid: gameId(gid) }),
    ...(ent !== undefined && { ent: checkPatterns(ent) }),
  };
}

function life(ttl: number): number {
  if (!Number.isInteger(ttl) || ttl < 1 || ttl > MAX_TTL_SECONDS) {
    throw new MintError("grant", `ttl is a whole number of seconds, 1 to ${MAX_TTL_SECONDS}`);
  }
  return ttl;
}

function named(option: string, value: string): string {
  if (typeof value !== "string" || value === "") throw new MintError("grant", `${option} is a non-empty string`);
  return value;
}

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
