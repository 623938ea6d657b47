import type { Film } from "../films/film";
import type { ListView, Sort } from "../route";

/** Films on one page: three rows of four on a desktop, six of two on a phone. */
export const ON_A_PAGE = 12;

/** What one page of the list shows. */
export interface Arranged {
  readonly films: readonly Film[];
  /** Films that match, on all pages. */
  readonly count: number;
  /** From 1. A page that is not there any more is the last one. */
  readonly page: number;
  readonly pages: number;
}

export function arrange(films: readonly Film[], view: ListView, language: string): Arranged {
  const found = films.filter((film) => matches(film, view.search, language)).toSorted(comparing(view.sort, language));
  const pages = Math.max(1, Math.ceil(found.length / ON_A_PAGE));
  const page = Math.min(view.page, pages);
  return { films: found.slice((page - 1) * ON_A_PAGE, page * ON_A_PAGE), count: found.length, page, pages };
}

/** Every word is somewhere in what is said of the film, in any case and with or without accents. */
function matches(film: Film, search: string, language: string): boolean {
  const said = plain([film.title, film.description, film.date, film.id].join(" "), language);
  return plain(search, language)
    .split(/\s+/)
    .every((word) => said.includes(word));
}

function plain(text: string, language: string): string {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLocaleLowerCase(language);
}

/** What is not known of a film puts it behind all others; what is equal is in the order of titles. */
function comparing(sort: Sort, language: string): (a: Film, b: Film) => number {
  const byTitle = (a: Film, b: Film): number => a.title.localeCompare(b.title, language, { numeric: true });
  const rank: Readonly<Record<Sort, (a: Film, b: Film) => number>> = {
    newest: (a, b) => (b.date ?? "").localeCompare(a.date ?? ""),
    oldest: (a, b) => (a.date ?? "9999").localeCompare(b.date ?? "9999"),
    title: byTitle,
    longest: (a, b) => (b.duration_seconds ?? 0) - (a.duration_seconds ?? 0),
  };
  return (a, b) => rank[sort](a, b) || byTitle(a, b);
}
