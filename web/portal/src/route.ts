import { useSyncExternalStore } from "react";

/** A part of a film, in seconds. */
export interface Clip {
  readonly start: number;
  readonly end: number;
}

/** What the address shows. It stands after `#`, so any file server can serve the page. */
export type Route =
  | { readonly at: "list"; readonly view: ListView }
  | { readonly at: "film"; readonly id: string; readonly clip: Clip | null };

export const SORTS = ["newest", "oldest", "title", "longest"] as const;
export type Sort = (typeof SORTS)[number];

/** What of the list is shown. It stands in the address, so that a way back leads to where one was. */
export interface ListView {
  readonly search: string;
  readonly sort: Sort;
  /** From 1. */
  readonly page: number;
}

const FIRST_VIEW: ListView = { search: "", sort: "newest", page: 1 };

export function useRoute(): Route {
  return parse(useSyncExternalStore(subscribe, () => location.hash));
}

export function filmHref(id: string, clip: Clip | null = null): string {
  const query = clip === null ? "" : `?${new URLSearchParams({ start: `${clip.start}`, end: `${clip.end}` })}`;
  return `#/games/${encodeURIComponent(id)}${query}`;
}

export const LIST_HREF = "#/";

/** What is as it is at first does not stand in the address. */
export function listHref(view: ListView): string {
  const query = new URLSearchParams();
  if (view.search !== "") query.set("q", view.search);
  if (view.sort !== FIRST_VIEW.sort) query.set("sort", view.sort);
  if (view.page > 1) query.set("page", `${view.page}`);
  return query.size === 0 ? LIST_HREF : `${LIST_HREF}?${query}`;
}

/**
 * Shows another view without a step in the history: a search is typed letter by letter. At once, for a field
 * whose value comes a moment later loses the letters that are typed in between.
 */
export function showView(view: ListView): void {
  history.replaceState(history.state, "", listHref(view));
  for (const changed of watching) changed();
}

function parse(hash: string): Route {
  const [path = "", query = ""] = hash.slice(1).split("?");
  const id = /^\/games\/([^/]+)$/.exec(path)?.[1];
  const given = new URLSearchParams(query);
  if (id === undefined) return { at: "list", view: parseView(given) };
  return { at: "film", id: decode(id), clip: parseClip(given) };
}

function parseView(query: URLSearchParams): ListView {
  const page = Number(query.get("page") ?? 1);
  return {
    search: query.get("q") ?? FIRST_VIEW.search,
    sort: SORTS.find((sort) => sort === query.get("sort")) ?? FIRST_VIEW.sort,
    page: Number.isInteger(page) && page > 0 ? page : FIRST_VIEW.page,
  };
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

/** Who is told of a change that the browser tells nobody of. */
const watching = new Set<() => void>();

function subscribe(changed: () => void): () => void {
  watching.add(changed);
  addEventListener("hashchange", changed);
  return () => {
    watching.delete(changed);
    removeEventListener("hashchange", changed);
  };
}
