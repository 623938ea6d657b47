import { type FilmDocument, PlaybackError } from "reelgate-client";

import type { Config } from "../config";

/** A film as the page shows it: what the portal's list says, and what the gate says of it. */
export interface Film {
  readonly id: string;
  /** Empty until somebody has said it. */
  readonly title: string;
  readonly description?: string;
  /** A day: `2025-10-09`. */
  readonly date?: string;
  readonly duration_seconds?: number;
  /** The address of a picture for the list. */
  readonly poster?: string;
  /** The WebVTT file with pictures for the time line, in the film's folder at the gate. */
  readonly thumbnails?: string;
  /** The gate has said that this viewer may not watch it. Lists leave it out. */
  readonly isRefused?: boolean;
}

/** @throws {PlaybackError} when there is no list. */
export async function listFilms(config: Config, signal: AbortSignal): Promise<readonly Film[]> {
  const response = await fetch(config.games, { signal, cache: "no-cache" }).catch((error: unknown) => {
    throw PlaybackError.from(error);
  });
  if (!response.ok) throw PlaybackError.fromStatus(response.status);
  const entries: unknown = await response.json().catch(() => null);
  if (!Array.isArray(entries)) throw new PlaybackError("offline", "the list of films is no list", { status: response.status });
  return entries.flatMap(read);
}

/** The gate knows best: its document changes with the film, and a list is written by hand. */
export function withDocument(film: Film, folder: string, document: FilmDocument): Film {
  const { title, description, date, duration_seconds, poster, thumbnails } = document;
  return {
    ...film,
    title: title || film.title || film.id,
    ...(description !== undefined && { description }),
    ...(date !== undefined && { date }),
    ...(duration_seconds !== undefined && { duration_seconds }),
    ...(poster !== undefined && { poster: folder + poster }),
    ...(thumbnails !== undefined && { thumbnails }),
  };
}

/** Whether the list alone says too little of a film to show it. */
export function needsDocument(film: Film): boolean {
  return film.title === "" || film.title === film.id || film.poster === undefined;
}

/** An entry is an id, or an object with one. What is of another type than it should be is left out. */
function read(entry: unknown): Film[] {
  if (typeof entry === "string") return entry === "" ? [] : [{ id: entry, title: "" }];
  if (typeof entry !== "object" || entry === null || !("id" in entry) || typeof entry.id !== "string") return [];
  const given = entry as Record<string, unknown>;
  const text = (name: string): Record<string, string> => {
    const value = given[name];
    return typeof value === "string" && value !== "" ? { [name]: value } : {};
  };
  const seconds = given["duration_seconds"];
  return [
    {
      id: entry.id,
      title: "",
      ...text("title"),
      ...text("description"),
      ...text("date"),
      ...text("poster"),
      ...text("thumbnails"),
      ...(typeof seconds === "number" && { duration_seconds: seconds }),
    },
  ];
}
