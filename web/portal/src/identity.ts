import { PlaybackError } from "reelgate-client";

import type { Config } from "./config";

/** Who watches. */
export interface Viewer {
  readonly name: string;
  /** What the playback endpoint wants as `Authorization: Bearer`, where it does. It lives for a minute or so. */
  readonly token?: string;
}

/**
 * Who is signed in at the portal's back end; null for nobody.
 *
 * @throws {PlaybackError} when the back end gives no useful answer.
 */
export async function whoIsThere(config: Config, signal?: AbortSignal): Promise<Viewer | null> {
  const response = await ask(config.session, signal ? { signal } : {});
  return response.status === 401 ? null : read(response);
}

/**
 * Signs in by name, where the back end lets anybody in: on a developer's machine.
 *
 * @throws {PlaybackError} `offline` where the same name may do later.
 */
export async function signIn(config: Config, name: string): Promise<Viewer> {
  const body = JSON.stringify({ name });
  return read(await ask(config.session, { method: "POST", body, headers: { "Content-Type": "application/json" } }));
}

/**
 * Signs out at the portal's back end.
 *
 * @throws {PlaybackError} when the viewer may be signed in still.
 */
export async function signOut(config: Config): Promise<void> {
  const { ok, status } = await ask(config.session, { method: "DELETE" });
  if (!ok && status !== 401) throw PlaybackError.fromStatus(status);
}

async function ask(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, { credentials: "same-origin", cache: "no-store", ...init });
  } catch (error) {
    throw PlaybackError.from(error);
  }
}

async function read(response: Response): Promise<Viewer> {
  if (!response.ok) throw PlaybackError.fromStatus(response.status);
  const viewer: unknown = await response.json().catch(() => null);
  if (typeof viewer === "object" && viewer !== null && "name" in viewer && typeof viewer.name === "string") {
    const token = "token" in viewer && typeof viewer.token === "string" ? { token: viewer.token } : {};
    return { name: viewer.name, ...token };
  }
  throw new PlaybackError("offline", "the portal's answer names nobody", { status: response.status });
}
