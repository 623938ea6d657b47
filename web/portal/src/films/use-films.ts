import { PlaybackError } from "reelgate-client";
import { useCallback, useEffect, useState } from "react";

import type { Config } from "../config";
import { type Loaded, notLoaded, useRetryOnline } from "../loaded";
import { type Film, listFilms, needsDocument, withDocument } from "./film";
import { GateFilms } from "./gate";

/** Questions to the gate at once. A browser has six connections for a host, and posters want some too. */
const AT_ONCE = 4;

/** The films of the portal's list, each with what the gate says of it as that comes; and how they are asked for again. */
export function useFilms(config: Config): readonly [Loaded<readonly Film[]>, () => void] {
  const [films, setFilms] = useState<Loaded<readonly Film[]>>({ is: "loading" });
  const [attempt, setAttempt] = useState(0);
  const retry = useCallback(() => {
    setFilms({ is: "loading" });
    setAttempt((last) => last + 1);
  }, []);

  useEffect(() => {
    const leaving = new AbortController();
    const { signal } = leaving;
    const change = (told: Film): void => {
      if (signal.aborted) return;
      setFilms((known) => (known.is === "here" ? { is: "here", it: known.it.map((film) => (film.id === told.id ? told : film)) } : known));
    };
    listFilms(config, signal)
      .then((it) => {
        setFilms({ is: "here", it });
        return askAll(new GateFilms(config), it.filter(needsDocument), change, signal);
      })
      .catch((error: unknown) => {
        if (!signal.aborted) setFilms(notLoaded(error));
      });
    return () => leaving.abort();
  }, [config, attempt]);

  useRetryOnline(films, retry);
  return [films, retry];
}

async function askAll(
  gate: GateFilms,
  films: readonly Film[],
  change: (told: Film) => void,
  signal: AbortSignal,
): Promise<void> {
  const waiting = [...films];
  const worker = async (): Promise<void> => {
    for (let film = waiting.shift(); film !== undefined && !signal.aborted; film = waiting.shift()) {
      change(await ask(gate, film, signal));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

/** Where the gate has nothing to say, the list has to do. */
async function ask(gate: GateFilms, film: Film, signal: AbortSignal): Promise<Film> {
  try {
    const { folder, document } = await gate.tell(film.id, signal);
    return withDocument(film, folder, document);
  } catch (error) {
    const isRefused = PlaybackError.from(error).kind === "forbidden";
    return { ...film, title: film.title || film.id, isRefused };
  }
}
