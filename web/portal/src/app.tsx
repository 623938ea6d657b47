import { useCallback, useEffect, useRef, useState } from "react";
import { flushSync } from "react-dom";

import { Bar } from "./bar";
import { type Config, readConfig } from "./config";
import type { Film } from "./films/film";
import { useFilms } from "./films/use-films";
import { type Viewer, whoIsThere } from "./identity";
import { focusMain } from "./focus";
import { useLanguage } from "./language";
import { List } from "./list/list";
import { type Loaded, notLoaded, useRetryOnline } from "./loaded";
import { filmHref, LIST_HREF, useRoute } from "./route";
import { SignIn } from "./sign-in";
import { useTitle } from "./title";
import { Trouble } from "./trouble";
import { Waiting } from "./waiting";
import { LazyWatch } from "./watch/load";

interface Portal {
  readonly config: Config;
  readonly viewer: Viewer | null;
}

export function App() {
  const [portal, setPortal] = useState<Loaded<Portal>>({ is: "loading" });
  const [attempt, setAttempt] = useState(0);
  const { words } = useLanguage();
  const retry = useCallback(() => {
    setPortal({ is: "loading" });
    setAttempt((last) => last + 1);
  }, []);

  useEffect(() => {
    const leaving = new AbortController();
    openPortal(leaving.signal)
      .then((it) => setPortal({ is: "here", it }))
      .catch((error: unknown) => {
        if (!leaving.signal.aborted) setPortal(notLoaded(error));
      });
    return () => leaving.abort();
  }, [attempt]);
  useRetryOnline(portal, retry);

  if (portal.is !== "here") {
    return (
      <main id="main" tabIndex={-1}>
        {portal.is === "loading" ? <Waiting /> : <Trouble kind={portal.why} onRetry={() => focusingMain(retry)} />}
      </main>
    );
  }
  const { config, viewer } = portal.it;
  const setViewer = (next: Viewer | null): void =>
    focusingMain(() => setPortal({ is: "here", it: { config, viewer: next } }));
  return (
    <>
      <a className="skip" href="#main" onClick={skipToMain}>
        {words.skip}
      </a>
      <Bar config={config} viewer={viewer} onSignedOut={() => setViewer(null)} />
      <main id="main" tabIndex={-1}>
        {viewer === null ? (
          <SignIn config={config} onSignedIn={setViewer} />
        ) : (
          <SignedIn config={config} viewer={viewer} onSignIn={() => setViewer(null)} />
        )}
      </main>
    </>
  );
}

async function openPortal(signal: AbortSignal): Promise<Portal> {
  const config = await readConfig();
  return { config, viewer: await whoIsThere(config, signal) };
}

interface SignedInProps {
  readonly config: Config;
  readonly viewer: Viewer;
  readonly onSignIn: () => void;
}

function SignedIn({ config, viewer, onSignIn }: SignedInProps) {
  const route = useRoute();
  const { words } = useLanguage();
  const [films, retry] = useFilms(config);

  useTitle(titleOf(route, films), config.title ?? words.films);
  useFocusOnTurning(route.at === "film" ? filmHref(route.id, route.clip) : null);
  if (films.is === "loading") return <Waiting />;
  if (films.is === "not") {
    return <Trouble kind={films.why} onSignIn={onSignIn} onRetry={() => focusingMain(retry)} />;
  }
  if (route.at === "list") {
    return (
      <>
        <h1>{words.films}</h1>
        <List films={films.it} view={route.view} viewer={viewer.name} />
      </>
    );
  }
  const film = films.it.find(({ id }) => id === route.id);
  if (film === undefined) {
    return (
      <Trouble kind="missing">
        <a className="button" href={LIST_HREF}>
          {words.watch.back}
        </a>
      </Trouble>
    );
  }
  // A part of a film has a player of its own: to one that plays, vidstack gives another end but no other beginning.
  const key = filmHref(film.id, route.clip);
  return <LazyWatch key={key} config={config} viewer={viewer} film={film} clip={route.clip} onSignIn={onSignIn} />;
}

function titleOf(route: ReturnType<typeof useRoute>, films: Loaded<readonly Film[]>): string | null {
  if (route.at === "list" || films.is !== "here") return null;
  return films.it.find(({ id }) => id === route.id)?.title || null;
}

/** Moves the focus to the page's content when another film, a part of it or the list is shown, as a page load would. */
function useFocusOnTurning(film: string | null): void {
  const shown = useRef<string | null>(undefined);
  useEffect(() => {
    if (shown.current !== undefined && shown.current !== film) {
      scrollTo(0, 0);
      focusMain();
    }
    shown.current = film;
  }, [film]);
}

/** The form or the button in focus goes with the change; without another place the focus would be nowhere. */
function focusingMain(change: () => void): void {
  flushSync(change);
  focusMain();
}

/** The address after `#` says which page is shown, so it must not become `#main`. */
function skipToMain(event: React.MouseEvent): void {
  event.preventDefault();
  focusMain();
}
