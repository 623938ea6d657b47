import type { PlaybackError, PlaybackErrorKind } from "reelgate-client";
import type { ReactNode } from "react";

import { useLanguage } from "./language";

/**
 * What a viewer is told. Beside what the client can say: `down` is `offline` where it is not the viewer's
 * network that is at fault, `broken` a film that this browser cannot play.
 */
export type TroubleKind = PlaybackErrorKind | "down" | "broken";

export function troubleOf(error: PlaybackError): TroubleKind {
  return error.kind === "offline" && error.status !== null ? "down" : error.kind;
}

/** What may be over in a moment. Rights, a film that is not there and a browser do not change by trying. */
const PASSING: readonly TroubleKind[] = ["expired", "offline", "down"];

export interface TroubleProps {
  readonly kind: TroubleKind;
  readonly onRetry?: (() => void) | undefined;
  readonly onSignIn?: (() => void) | undefined;
  readonly children?: ReactNode;
}

/** A message in the place of what cannot be shown. Screen readers are told at once. */
export function Trouble({ kind, onRetry, onSignIn, children }: TroubleProps) {
  const { trouble, signIn } = useLanguage().words;
  const { title, text } = trouble[kind];
  return (
    <div className="trouble" role="alert" data-kind={kind}>
      <h2>{title}</h2>
      <p>{text}</p>
      <div className="actions">
        {kind === "expired" && onSignIn && (
          <button type="button" className="primary" onClick={onSignIn}>
            {signIn.act}
          </button>
        )}
        {onRetry && PASSING.includes(kind) && (
          <button type="button" onClick={onRetry}>
            {trouble.again}
          </button>
        )}
        {children}
      </div>
    </div>
  );
}
