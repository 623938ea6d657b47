import type { MediaPlayerInstance } from "@vidstack/react";
import { type RefObject, useCallback, useEffect, useRef, useState } from "react";

import type { TroubleKind } from "../trouble";

/** The place where a film is shown, or in front of it why it is not. */
export interface Stage {
  readonly stage: RefObject<HTMLDivElement | null>;
  readonly message: RefObject<HTMLDivElement | null>;
  readonly trouble: TroubleKind | undefined;
  /** `known` is what is shown already. */
  readonly setTrouble: (next: TroubleKind | undefined | ((known: TroubleKind | undefined) => TroubleKind)) => void;
}

/**
 * Keeps a viewer with what is in front: the focus goes from the player to the message and back, where it was in one of
 * them, and a film that fills the screen makes room for the message.
 */
export function useStage(player: RefObject<MediaPlayerInstance | null>): Stage {
  const stage = useRef<HTMLDivElement>(null);
  const message = useRef<HTMLDivElement>(null);
  const isHere = useRef(false);
  const [trouble, set] = useState<TroubleKind>();

  const setTrouble = useCallback<Stage["setTrouble"]>((next) => {
    isHere.current = stage.current?.contains(document.activeElement) ?? false;
    set(next);
  }, []);

  useEffect(() => {
    if (trouble !== undefined && document.fullscreenElement !== null) {
      // Where it cannot be left, the message waits behind the film.
      player.current?.exitFullscreen().catch(() => {});
    }
    if (isHere.current) (message.current ?? player.current?.el)?.focus();
  }, [trouble, player]);

  return { stage, message, trouble, setTrouble };
}
