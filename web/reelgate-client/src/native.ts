import type { Adapter, Report } from "./adapter.js";
import { PlaybackError } from "./errors.js";
import { answered } from "./playback.js";
import type { GateSession } from "./session.js";

/**
 * Plays through the browser's own HLS. It asks for segments by itself, so the session rides in the path;
 * a renewed one is a new address, to which the element moves where it stands.
 */
export function adaptNative(video: HTMLVideoElement, session: GateSession, report: Report): Adapter {
  let generation = session.admit(session.master)?.generation ?? 0;
  let plays = !video.paused;

  const open = (): void => {
    const admission = session.admit(session.master);
    if (admission === null) return;
    generation = admission.generation;
    video.src = admission.url;
  };

  const move = (): void => {
    const { currentTime, playbackRate } = video;
    open();
    const there = (): void => {
      video.currentTime = currentTime;
      video.playbackRate = playbackRate;
      // A browser that wants a gesture before it plays leaves the film paused.
      if (plays) video.play().catch(() => {});
    };
    video.addEventListener("loadedmetadata", there, { once: true });
  };

  const onPlay = (): void => {
    plays = true;
  };
  // An error pauses too, and that is not what the viewer wished.
  const onPause = (): void => {
    if (video.error === null) plays = false;
  };

  const onError = (): void => {
    void inquire(video.currentSrc || video.src).then(async (failure) => {
      if (failure === null || session.closed) return;
      if (failure.status !== 403) return report(failure);
      // A renewal moves the element by itself.
      await session.renewAfter(generation).catch((error: unknown) => report(PlaybackError.from(error)));
    });
  };

  // Chromium's HLS plays sound that lies apart only where it may look into what it fetches.
  video.crossOrigin ??= "anonymous";
  const listeners = { error: onError, play: onPlay, pause: onPause };
  for (const [event, listener] of Object.entries(listeners)) video.addEventListener(event, listener);
  return {
    load: open,
    resume: move,
    renewed: move,
    detach: () => {
      for (const [event, listener] of Object.entries(listeners)) video.removeEventListener(event, listener);
    },
  };
}

/** A media element does not say what status it got: the same address is asked again. */
async function inquire(url: string): Promise<PlaybackError | null> {
  try {
    const response = await answered(fetch(url, { cache: "no-store" }));
    await response.body?.cancel();
    if (response.ok) return null;
    return PlaybackError.fromStatus(response.status, response.headers.get("X-Reelgate-Reason"));
  } catch (error) {
    return PlaybackError.from(error);
  }
}
