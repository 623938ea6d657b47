import { PlaybackError } from "reelgate-client";
import { lazy, Suspense, useEffect, useRef, useState } from "react";

import { type Config, readConfig } from "./config";
import { type Game, listGames } from "./games";
import { signOut, type Viewer, whoIsThere } from "./identity";
import { List } from "./list";
import { LIST_HREF, useRoute } from "./route";
import { SignIn } from "./sign-in";
import { Trouble, type TroubleKind, troubleOf } from "./trouble";

// hls.js and the player are most of the page's weight, and the list needs neither.
const Watch = lazy(() => import("./watch"));

interface Portal {
  readonly config: Config;
  readonly viewer: Viewer | null;
}

type Loaded<T> = { readonly is: "loading" } | { readonly is: "here"; readonly it: T } | { readonly is: "not"; readonly why: TroubleKind };

export function App() {
  const [portal, setPortal] = useState<Loaded<Portal>>({ is: "loading" });
  const [attempt, setAttempt] = useState(0);

  useEffect(() => {
    const leaving = new AbortController();
    openPortal(leaving.signal)
      .then((it) => setPortal({ is: "here", it }))
      .catch((error: unknown) => {
        if (!leaving.signal.aborted) setPortal({ is: "not", why: troubleOf(PlaybackError.from(error)) });
      });
    return () => leaving.abort();
  }, [attempt]);

  if (portal.is === "loading") return <Waiting />;
  if (portal.is === "not") {
    return (
      <main>
        <Trouble kind={portal.why} onRetry={() => setAttempt(attempt + 1)} />
      </main>
    );
  }
  const { config, viewer } = portal.it;
  const setViewer = (next: Viewer | null): void => setPortal({ is: "here", it: { config, viewer: next } });
  return (
    <>
      <a className="skip" href="#main" onClick={skipToMain}>
        Skip to content
      </a>
      <Bar config={config} viewer={viewer} onSignedOut={() => setViewer(null)} />
      <main id="main" tabIndex={-1}>
        {viewer === null ? (
          <SignIn config={config} onSignedIn={setViewer} />
        ) : (
          <SignedIn config={config} onSignIn={() => setViewer(null)} />
        )}
      </main>
    </>
  );
}

async function openPortal(signal: AbortSignal): Promise<Portal> {
  const config = await readConfig();
  return { config, viewer: await whoIsThere(config, signal) };
}

interface BarProps {
  readonly config: Config;
  readonly viewer: Viewer | null;
  readonly onSignedOut: () => void;
}

function Bar({ config, viewer, onSignedOut }: BarProps) {
  const leave = (): void => {
    void signOut(config).finally(onSignedOut);
  };
  return (
    <header className="bar">
      <a href={LIST_HREF} className="name">
        <img src="icon.svg" alt="" width="28" height="28" />
        {config.title}
      </a>
      {viewer !== null && (
        <div className="viewer">
          <span>{viewer.name}</span>
          <button type="button" onClick={leave}>
            Sign out
          </button>
        </div>
      )}
    </header>
  );
}

function SignedIn({ config, onSignIn }: { readonly config: Config; readonly onSignIn: () => void }) {
  const route = useRoute();
  const [games, setGames] = useState<Loaded<readonly Game[]>>({ is: "loading" });
  const [attempt, setAttempt] = useState(0);

  useEffect(() => {
    const leaving = new AbortController();
    listGames(config, leaving.signal)
      .then((it) => setGames({ is: "here", it }))
      .catch((error: unknown) => {
        if (!leaving.signal.aborted) setGames({ is: "not", why: troubleOf(PlaybackError.from(error)) });
      });
    return () => leaving.abort();
  }, [config, attempt]);

  const title = titleOf(route, games);
  useTitle(title, config.title);
  if (games.is === "loading") return <Waiting />;
  if (games.is === "not") {
    return <Trouble kind={games.why} onSignIn={onSignIn} onRetry={() => setAttempt(attempt + 1)} />;
  }
  if (route.at === "list") {
    return (
      <>
        <h1>Games</h1>
        <List games={games.it} />
      </>
    );
  }
  const game = games.it.find(({ id }) => id === route.id);
  if (game === undefined) {
    return (
      <Trouble kind="missing">
        <a className="button" href={LIST_HREF}>
          All games
        </a>
      </Trouble>
    );
  }
  return (
    <Suspense fallback={<Waiting />}>
      <Watch key={game.id} config={config} game={game} clip={route.clip} onSignIn={onSignIn} />
    </Suspense>
  );
}

function titleOf(route: ReturnType<typeof useRoute>, games: Loaded<readonly Game[]>): string | null {
  if (route.at === "list" || games.is !== "here") return null;
  return games.it.find(({ id }) => id === route.id)?.title ?? null;
}

/** Names the page, and moves the focus to its content when another one is shown, as a page load would. */
function useTitle(title: string | null, portal: string): void {
  const shown = useRef<string | null>(undefined);
  useEffect(() => {
    document.title = title === null ? portal : `${title} · ${portal}`;
    if (shown.current !== undefined && shown.current !== title) {
      scrollTo(0, 0);
      document.getElementById("main")?.focus({ preventScroll: true });
    }
    shown.current = title;
  }, [title, portal]);
}

/** The address after `#` says which page is shown, so it must not become `#main`. */
function skipToMain(event: React.MouseEvent): void {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

function Waiting() {
  return (
    <p className="waiting" role="status">
      Loading…
    </p>
  );
}
