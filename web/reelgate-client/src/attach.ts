import type Hls from "hls.js";

import type { Adapter } from "./adapter.js";
import { PlaybackError } from "./errors.js";
import { adaptHls } from "./hls.js";
import { adaptNative } from "./native.js";
import type { GetPlaybackUrl } from "./playback.js";
import { GateSession, type Transport } from "./session.js";
import { adaptVidstack, hasMediaSource, isVidstack, type VidstackPlayer, type VidstackSource } from "./vidstack.js";

/** An `Hls` of hls.js, a vidstack player, or a video element. */
export type Player = Hls | VidstackPlayer | HTMLVideoElement;

export interface AttachOptions {
  /** Called when the film does not begin or has stopped. {@link Attachment.retry} goes on from there. */
  readonly onError?: (error: PlaybackError) => void;
  /** Called when the film has been given to the player, and again when it plays on after an error. */
  readonly onReady?: () => void;
  /** Called when a session begins, the first included, with the time of its end. */
  readonly onSession?: (ends: Date) => void;
  /** `auto` unless given. A player without hls.js takes `path` whatever is said here. */
  readonly transport?: Transport;
  /** hls.js as bundled with the page. Needed for a video element, unless its browser plays HLS, and for vidstack. */
  readonly Hls?: typeof Hls;
  /** For vidstack in React, where the source is a prop: `setSource: setSrc`. */
  readonly setSource?: (source: VidstackSource) => void;
}

/** A film in a player. */
export interface Attachment {
  /**
   * The address of another file of the film, such as `thumbnails.vtt`; empty before there is a session. The
   * session is in its path and ends: ask again in `onSession`.
   */
  urlFor(file: string): string;
  /** Tries again after an error, where the film stood. */
  retry(): void;
  /**
   * Stops renewing and gives the player back as it was: a video element without a source, its hls.js destroyed where
   * that was made here. The source of a vidstack player is the page's.
   */
  detach(): void;
}

/**
 * Plays a film of a reelgate gate.
 *
 * The session is renewed before it ends, for as long as it is attached; a request that the gate refuses is
 * sent once more with a new session. When the network is back after an `offline`, the film goes on by itself.
 *
 * @param player where to play.
 * @param getPlaybackUrl asks the portal for a playback URL; see {@link fetchPlayback}.
 */
export function attach(player: Player, getPlaybackUrl: GetPlaybackUrl, options: AttachOptions = {}): Attachment {
  let failure: PlaybackError | null = null;
  let loaded = false;
  const report = (error: PlaybackError): void => {
    if (session.closed) return;
    failure = error;
    options.onError?.(error);
  };
  const session = new GateSession(getPlaybackUrl, {
    transport: playsByItself(player, options) ? "path" : (options.transport ?? "auto"),
    onBegun: (ends) => {
      if (loaded) adapter.renewed();
      options.onSession?.(ends);
    },
  });
  const adapter = adapt(player, session, report, options);

  const begin = async (): Promise<void> => {
    const resumes = loaded;
    // The address is new to the player only once it is told so below.
    loaded = false;
    failure = null;
    try {
      const master = await session.start();
      if (session.closed) return;
      if (resumes) adapter.resume(master);
      else adapter.load(master);
      loaded = true;
      options.onReady?.();
    } catch (error) {
      loaded = resumes;
      report(PlaybackError.from(error));
    }
  };
  const onOnline = (): void => {
    if (failure?.kind === "offline") void begin();
  };

  globalThis.addEventListener?.("online", onOnline);
  void begin();
  return {
    urlFor: (file) => session.urlFor(file),
    retry: () => void begin(),
    detach: () => {
      globalThis.removeEventListener?.("online", onOnline);
      session.close();
      adapter.detach();
    },
  };
}

function adapt(
  player: Player,
  session: GateSession,
  report: (error: PlaybackError) => void,
  options: AttachOptions,
): Adapter {
  if (isVideoElement(player)) {
    return options.Hls?.isSupported()
      ? adaptOwnHls(new options.Hls(), player, session, report)
      : adaptOwnSource(player, session, report);
  }
  if (isVidstack(player)) {
    return adaptVidstack(player, session, report, { Hls: options.Hls, setSource: options.setSource });
  }
  return adaptHls(player, session, report);
}

/** An hls.js made here ends here. */
function adaptOwnHls(
  hls: Hls,
  video: HTMLVideoElement,
  session: GateSession,
  report: (error: PlaybackError) => void,
): Adapter {
  const adapter = adaptHls(hls, session, report);
  hls.attachMedia(video);
  return { ...adapter, detach: () => hls.destroy() };
}

/** So does a source: the film does not play on under the name of another one. */
function adaptOwnSource(video: HTMLVideoElement, session: GateSession, report: (error: PlaybackError) => void): Adapter {
  const adapter = adaptNative(video, session, report);
  const detach = (): void => {
    adapter.detach();
    video.removeAttribute("src");
    video.load();
  };
  return { ...adapter, detach };
}

function playsByItself(player: Player, options: AttachOptions): boolean {
  if (isVideoElement(player)) return !options.Hls?.isSupported();
  return isVidstack(player) && !hasMediaSource();
}

function isVideoElement(player: Player): player is HTMLVideoElement {
  return typeof HTMLVideoElement !== "undefined" && player instanceof HTMLVideoElement;
}
