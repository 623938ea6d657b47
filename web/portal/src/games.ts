import { PlaybackError } from "reelgate-client";

import type { Config } from "./config";

/** A game as the portal's back end lists it. */
export interface Game {
  readonly id: string;
  readonly title: string;
  readonly description?: string;
  /** A day: `2025-10-09`. */
  readonly date?: string;
  readonly duration_seconds?: number;
  /** A picture for the list, from the portal itself. */
  readonly poster?: string;
  /** The WebVTT file with pictures for the time line, among the game's files behind the gate. */
  readonly thumbnails?: string;
}

/** @throws {PlaybackError} when there is no list. */
export async function listGames(config: Config, signal: AbortSignal): Promise<readonly Game[]> {
  const response = await fetch(config.games, { signal, cache: "no-cache" }).catch((error: unknown) => {
    throw PlaybackError.from(error);
  });
  if (!response.ok) throw PlaybackError.fromStatus(response.status);
  const games: unknown = await response.json().catch(() => null);
  if (!Array.isArray(games)) throw new PlaybackError("offline", "the list of games is no list");
  return games.filter(isGame);
}

function isGame(value: unknown): value is Game {
  return (
    typeof value === "object" &&
    value !== null &&
    "id" in value &&
    typeof value.id === "string" &&
    "title" in value &&
    typeof value.title === "string"
  );
}
