import { useSyncExternalStore } from "react";

/** A part of a game, in seconds. */
export interface Clip {
  readonly start: number;
  readonly end: number;
}

/** What the address shows. It stands after `#`, so any file server can serve the page. */
export type Route = { readonly at: "list" } | { readonly at: "game"; readonly id: string; readonly clip: Clip | null };

export function useRoute(): Route {
  return parse(useSyncExternalStore(subscribe, () => location.hash));
}

export function gameHref(id: string, clip: Clip | null = null): string {
  const query = clip === null ? "" : `?${new URLSearchParams({ start: `${clip.start}`, end: `${clip.end}` })}`;
  return `#/games/${encodeURIComponent(id)}${query}`;
}

export const LIST_HREF = "#/";

function parse(hash: string): Route {
  const [path = "", query = ""] = hash.slice(1).split("?");
  const id = /^\/games\/([^/]+)$/.exec(path)?.[1];
  if (id === undefined) return { at: "list" };
  return { at: "game", id: decode(id), clip: parseClip(new URLSearchParams(query)) };
}

function parseClip(query: URLSearchParams): Clip | null {
  const start = Number(query.get("start") ?? Number.NaN);
  const end = Number(query.get("end") ?? Number.NaN);
  return start >= 0 && end > start && Number.isFinite(end) ? { start, end } : null;
}

/** What a person typed may hold a stray `%`. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function subscribe(changed: () => void): () => void {
  addEventListener("hashchange", changed);
  return () => removeEventListener("hashchange", changed);
}
