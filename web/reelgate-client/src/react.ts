import { type RefCallback, useCallback, useEffect, useRef, useState } from "react";

import { attach, type Attachment, type AttachOptions, type Player } from "./attach.js";
import type { PlaybackError } from "./errors.js";
import type { GetPlaybackUrl } from "./playback.js";
import type { VidstackSource } from "./vidstack.js";

/** As for {@link attach}; what that tells by callbacks is in {@link ReelgateFilm}. */
export type UseReelgateOptions = Pick<AttachOptions, "Hls" | "transport">;

/** A film in a player of a React page. */
export interface ReelgateFilm {
  /** For a `<video>`, or a `<MediaPlayer>` of vidstack: `ref={film.ref}`. */
  readonly ref: RefCallback<Player>;
  /** For a `<MediaPlayer>` alone: `src={film.source ?? ""}`. */
  readonly source: VidstackSource | undefined;
  /** Why the film does not begin or has stopped; null while all is well. */
  readonly error: PlaybackError | null;
  /** Whether the film has been given to the player. */
  readonly isReady: boolean;
  /** Tries again after an error, where the film stood. */
  readonly retry: () => void;
  /**
   * The address of another file of the film, such as `thumbnails.vtt`; empty before there is a session. It is
   * another function after each renewal, so what is rendered with it follows.
   */
  readonly urlFor: (file: string) => string;
}

/**
 * Plays a film of a reelgate gate in a player of this component, for as long as it is mounted.
 *
 * It holds with StrictMode, which mounts everything twice, and with players that replace themselves then.
 *
 * @param film names the film: another one is loaded when this changes, and at no other time.
 * @param getPlaybackUrl as for {@link attach}. It may be another function with each rendering.
 */
export function useReelgate(film: string, getPlaybackUrl: GetPlaybackUrl, options: UseReelgateOptions = {}): ReelgateFilm {
  const { Hls, transport = "auto" } = options;
  const [player, setPlayer] = useState<Player | null>(null);
  const [source, setSource] = useState<VidstackSource>();
  const [error, setError] = useState<PlaybackError | null>(null);
  const [isReady, setReady] = useState(false);
  const [ends, setEnds] = useState<Date | null>(null);
  const attachment = useRef<Attachment | null>(null);
  const latest = useRef(getPlaybackUrl);

  useEffect(() => {
    latest.current = getPlaybackUrl;
  });

  useEffect(() => {
    if (player === null) return;
    const attached = attach(player, (cause, signal) => latest.current(cause, signal), {
      transport,
      ...(Hls && { Hls }),
      setSource,
      onSession: setEnds,
      onError: setError,
      onReady: () => {
        setError(null);
        setReady(true);
      },
    });
    attachment.current = attached;
    return () => {
      attached.detach();
      attachment.current = null;
      // What is not let in does not leave the film before it in its place.
      setSource(undefined);
      setReady(false);
      setError(null);
      setEnds(null);
    };
  }, [player, film, transport, Hls]);

  const retry = useCallback(() => attachment.current?.retry(), []);
  const urlFor = useCallback(
    // Nothing is asked of an attachment whose session has not begun, or belongs to another film.
    (file: string) => (ends === null ? "" : (attachment.current?.urlFor(file) ?? "")),
    [ends],
  );
  return { ref: setPlayer, source, error, isReady, retry, urlFor };
}
