import type Hls from "hls.js";

import type { Adapter, Report } from "./adapter.js";
import { adaptHls } from "./hls.js";
import { adaptNative } from "./native.js";
import type { GateSession } from "./session.js";

/** What is set as the source of a vidstack player. */
export interface VidstackSource {
  readonly src: string;
  readonly type: "application/vnd.apple.mpegurl";
}

/** vidstack's `<media-player>`, or the `MediaPlayerInstance` of its React components. */
export interface VidstackPlayer extends EventTarget {
  readonly provider: object | null;
}

export interface VidstackOptions {
  /** The hls.js that is bundled with the page. Without it vidstack loads one from its CDN. */
  readonly Hls: typeof Hls | undefined;
  /** How the source is set; without it as a property of the player. */
  readonly setSource: ((source: VidstackSource) => void) | undefined;
}

/** The part of vidstack's `HLSProvider` that is used here. */
interface HlsProvider {
  readonly type: "hls";
  library: unknown;
  /** The hls.js that it has made already. */
  readonly instance: Hls | null;
  /** Called for each hls.js that it makes from now on. */
  onInstance(callback: (hls: Hls) => void): () => void;
}

interface VideoProvider {
  readonly type: "video";
  readonly video: HTMLVideoElement;
}

/** Has a vidstack player play through the session, with hls.js where it can, else natively. */
export function adaptVidstack(
  player: VidstackPlayer,
  session: GateSession,
  report: Report,
  options: VidstackOptions,
): Adapter {
  const setSource = options.setSource ?? ((source) => Object.assign(player, { src: source }));
  let inner: Adapter | null = null;
  let known: Hls | null = null;
  let isOver = false;
  let forget = (): void => {};

  const adoptHls = (hls: Hls): void => {
    if (isOver || hls === known) return;
    inner?.detach();
    known = hls;
    inner = adaptHls(hls, session, report);
  };

  // A provider that is taken away says so late, when its successor may have begun to load: no player is let go of
  // before there is another one.
  const adopt = (provider: unknown): void => {
    if (isOver) return;
    if (isHls(provider)) {
      if (options.Hls !== undefined) provider.library = options.Hls;
      forget();
      forget = provider.onInstance(adoptHls);
      // Where the player was attached before, as in React's StrictMode, nobody is told of it again.
      if (provider.instance !== null) adoptHls(provider.instance);
    } else if (isVideo(provider)) {
      inner?.detach();
      known = null;
      inner = adaptNative(provider.video, session, report);
    }
  };
  const onProvider = (event: Event): void => adopt("detail" in event ? event.detail : player.provider);

  player.addEventListener("provider-change", onProvider);
  adopt(player.provider);
  const load = (master: string): void => {
    // The same source once more is nothing new to vidstack, and what was loaded of it may have been refused.
    if (inner !== null && known?.url === master) return inner.resume(master);
    // With its own HLS a browser needs the session in the address from the first request on.
    const src = hasMediaSource() ? master : (session.admit(master)?.url ?? master);
    setSource({ src, type: "application/vnd.apple.mpegurl" });
  };
  return {
    load,
    resume: (master) => (inner === null ? load(master) : inner.resume(master)),
    renewed: () => inner?.renewed(),
    detach: () => {
      // In React a player may have lost its element by now, and its listeners cannot be removed.
      isOver = true;
      player.removeEventListener("provider-change", onProvider);
      forget();
      inner?.detach();
    },
  };
}

export function isVidstack(player: object): player is VidstackPlayer {
  return player instanceof EventTarget && "provider" in player;
}

/** Whether hls.js can work here: iPhones before iOS 17.1 have no way to feed a media element. */
export function hasMediaSource(): boolean {
  return "ManagedMediaSource" in globalThis || "MediaSource" in globalThis;
}

function isHls(provider: unknown): provider is HlsProvider {
  return isOfType(provider, "hls") && "onInstance" in provider;
}

function isVideo(provider: unknown): provider is VideoProvider {
  return isOfType(provider, "video") && "video" in provider;
}

function isOfType(provider: unknown, type: string): provider is { type: string } {
  return typeof provider === "object" && provider !== null && "type" in provider && provider.type === type;
}
