import { PlaybackError } from "reelgate-client";

import { type TroubleKind, troubleOf } from "./trouble";

/** What comes from elsewhere: not yet, here, or not at all. */
export type Loaded<T> =
  | { readonly is: "loading" }
  | { readonly is: "here"; readonly it: T }
  | { readonly is: "not"; readonly why: TroubleKind };

export function notLoaded(error: unknown): Loaded<never> {
  return { is: "not", why: troubleOf(PlaybackError.from(error)) };
}
