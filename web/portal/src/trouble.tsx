import type { PlaybackError, PlaybackErrorKind } from "reelgate-client";
import type { ReactNode, Ref } from "react";

import { useLanguage } from "./language";

/**
 * What a viewer is told. Beside what the client can say, where `offline` is the viewer's own network:
 *
 * - `unreachable`: no answer comes, and whose fault that is cannot be told.
 * - `down`: the portal or the gate answers that it is out of order.
 * - `barred`: not one film may be watched, or the list is refused.
 * - `broken`: this browser cannot play the film.
 */
export type TroubleKind = PlaybackErrorKind | "unreachable" | "down" | "barred" | "broken";

export function troubleOf(error: PlaybackError): TroubleKind {
  if (error.kind !== "offline") return error.kind;
  if (error.status !== null) return "down";
  // A browser that says it has a network may be wrong; one that says it has none is not.
  return navigator.onLine ? "unreachable" : "offline";
}

/** What may be over in a moment. Rights, a film that is not there and a browser do not change by trying. */
const PASSING: readonly TroubleKind[] = ["expired", "offline", "unreachable", "down"];

export interface TroubleProps {
  readonly kind: TroubleKind;
  readonly onRetry?: (() => void) | undefined;
  readonly onSignIn?: (() => void) | undefined;
  readonly children?: ReactNode;
  /** For who moves the focus here. */
  readonly ref?: Ref<HTMLDivElement>;
}

/** A message in the place of what cannot be shown. Screen readers are told at once. */
export function Trouble({ kind, onRetry, onSignIn, children, ref }: TroubleProps) {
  const { trouble, signIn } = useLanguage().words;
  const { title, text } = trouble[kind];
  return (
    <div ref={ref} className="trouble" role="alert" data-kind={kind} tabIndex={-1}>
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
