import { focusMain } from "../focus";
import { useLanguage } from "../language";
import { listHref, type ListView } from "../route";

export interface PagesProps {
  readonly view: ListView;
  readonly page: number;
  readonly pages: number;
}

/** Links to the pages beside this one. Nothing where there is one page. */
export function Pages({ view, page, pages }: PagesProps) {
  const { words } = useLanguage();
  if (pages === 1) return null;
  const turn = (): void => {
    scrollTo(0, 0);
    focusMain();
  };
  return (
    <nav className="pages" aria-label={words.list.pages}>
      {page > 1 && (
        <a className="button" rel="prev" onClick={turn} href={listHref({ ...view, page: page - 1 })}>
          {words.list.previous}
        </a>
      )}
      <span className="quiet">{words.list.page(page, pages)}</span>
      {page < pages && (
        <a className="button" rel="next" onClick={turn} href={listHref({ ...view, page: page + 1 })}>
          {words.list.next}
        </a>
      )}
    </nav>
  );
}
