import { PlaybackError } from "reelgate-client";
import { useEffect } from "react";

import { type TroubleKind, troubleOf } from "./trouble";

/** What comes from elsewhere: not yet, here, or not at all. */
export type Loaded<T> =
  | { readonly is: "loading" }
  | { readonly is: "here"; readonly it: T }
  | { readonly is: "not"; readonly why: TroubleKind };

/** Why a list, or the portal as a whole, is not here. What the client calls it is said of a film, and this is none. */
export function notLoaded(error: unknown): Loaded<never> {
  const kind = troubleOf(PlaybackError.from(error));
  if (kind === "forbidden") return { is: "not", why: "barred" };
  return { is: "not", why: kind === "missing" ? "down" : kind };
}

/** Tries again by itself when the network is back, for as long as something is not here for want of it. */
export function useRetryOnline(loaded: Loaded<unknown>, retry: () => void): void {
  const isWaiting = loaded.is === "not" && loaded.why === "offline";
  useEffect(() => {
    if (!isWaiting) return;
    addEventListener("online", retry);
    return () => removeEventListener("online", retry);
  }, [isWaiting, retry]);
}
