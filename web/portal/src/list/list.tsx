import { useId } from "react";

import type { Film } from "../films/film";
import { byTime, type Positions, readPositions } from "../films/positions";
import { useLanguage } from "../language";
import { type ListView, showView, SORTS } from "../route";
import { Trouble } from "../trouble";
import { arrange } from "./arrange";
import { Card } from "./card";
import { Pages } from "./pages";

/** Films to go on with that are shown before all others: a row. */
const TO_GO_ON = 4;

export interface ListProps {
  readonly films: readonly Film[];
  readonly view: ListView;
  /** Whose positions are shown. */
  readonly viewer: string;
}

export function List({ films: listed, view, viewer }: ListProps) {
  const { locale, words } = useLanguage();
  const positions = readPositions(viewer);
  const films = listed.filter(({ isRefused }) => isRefused !== true);
  if (listed.length === 0) return <p className="quiet">{words.list.none}</p>;
  if (films.length === 0) return <Trouble kind="barred" />;
  const shown = arrange(films, view, locale);
  const isFirst = view.search === "" && shown.page === 1;
  return (
    <>
      <Tools view={view} count={shown.count} />
      {isFirst && <GoOn films={films} positions={positions} />}
      {shown.count === 0 ? (
        <p className="none">
          {words.list.noneFound}{" "}
          <button type="button" onClick={() => showView({ ...view, search: "", page: 1 })}>
            {words.list.clear}
          </button>
        </p>
      ) : (
        <>
          <h2 className="all">{words.list.all}</h2>
          <Cards films={shown.films} positions={positions} />
        </>
      )}
      <Pages view={view} page={shown.page} pages={shown.pages} />
    </>
  );
}

function Tools({ view, count }: { readonly view: ListView; readonly count: number }) {
  const { words } = useLanguage();
  const [search, sort] = [useId(), useId()];
  return (
    <form className="tools" role="search" onSubmit={(event) => event.preventDefault()}>
      <div>
        <label htmlFor={search}>{words.list.search}</label>
        <input
          id={search}
          type="search"
          value={view.search}
          onChange={(event) => showView({ ...view, search: event.target.value, page: 1 })}
        />
      </div>
      <div>
        <label htmlFor={sort}>{words.list.sort}</label>
        <select
          id={sort}
          value={view.sort}
          onChange={(event) => showView({ ...view, sort: SORTS.find((it) => it === event.target.value) ?? view.sort, page: 1 })}
        >
          {SORTS.map((each) => (
            <option key={each} value={each}>
              {words.list.by[each]}
            </option>
          ))}
        </select>
      </div>
      <p className="quiet" role="status">
        {words.list.count(count)}
      </p>
    </form>
  );
}

function GoOn({ films, positions }: { readonly films: readonly Film[]; readonly positions: Positions }) {
  const { words } = useLanguage();
  const heading = useId();
  const begun = byTime(Object.entries(positions)).flatMap(([id]) => films.filter((film) => film.id === id));
  if (begun.length === 0) return null;
  return (
    <section className="go-on" aria-labelledby={heading}>
      <h2 id={heading}>{words.list.goOn}</h2>
      <Cards films={begun.slice(0, TO_GO_ON)} positions={positions} />
    </section>
  );
}

function Cards({ films, positions }: { readonly films: readonly Film[]; readonly positions: Positions }) {
  return (
    <ul className="films">
      {films.map((film) => (
        <li key={film.id}>
          <Card film={film} position={positions[film.id]} />
        </li>
      ))}
    </ul>
  );
}
