import type { PlaybackError, PlaybackErrorKind } from "reelgate-client";
import type { ReactNode } from "react";

/**
 * What a viewer is told. Beside what the client can say: `down` is `offline` where it is not the viewer's
 * network that is at fault, `broken` a film that this browser cannot play.
 */
export type TroubleKind = PlaybackErrorKind | "down" | "broken";

export function troubleOf(error: PlaybackError): TroubleKind {
  return error.kind === "offline" && error.status !== null ? "down" : error.kind;
}

interface Words {
  readonly title: string;
  readonly text: string;
}

const WORDS: Readonly<Record<TroubleKind, Words>> = {
  expired: {
    title: "Your sign-in has ended",
    text: "Sign in again and the film goes on where you left it.",
  },
  forbidden: {
    title: "You may not watch this game",
    text: "Your account has no access to it. Whoever runs this portal can change that.",
  },
  missing: {
    title: "There is no film here",
    text: "The game may not be ready yet, or it has been taken away.",
  },
  offline: {
    title: "No connection",
    text: "The film goes on by itself when the connection is back.",
  },
  down: {
    title: "Something is out of order here",
    text: "It is not you. Try again in a few minutes.",
  },
  broken: {
    title: "This browser cannot play the film",
    text: "An update of the browser, or another one, may help.",
  },
};

export interface TroubleProps {
  readonly kind: TroubleKind;
  readonly onRetry?: (() => void) | undefined;
  readonly onSignIn?: (() => void) | undefined;
  readonly children?: ReactNode;
}

/** A message in the place of what cannot be shown. Screen readers are told at once. */
export function Trouble({ kind, onRetry, onSignIn, children }: TroubleProps) {
  const { title, text } = WORDS[kind];
  return (
    <div className="trouble" role="alert" data-kind={kind}>
      <h2>{title}</h2>
      <p>{text}</p>
      <div className="actions">
        {kind === "expired" && onSignIn && (
          <button type="button" className="primary" onClick={onSignIn}>
            Sign in
          </button>
        )}
        {onRetry && kind !== "missing" && (
          <button type="button" onClick={onRetry}>
            Try again
          </button>
        )}
        {children}
      </div>
    </div>
  );
}

