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

  const open = (): void => {
    const admission = session.admit(session.master);
    if (admission === null) return;
    generation = admission.generation;
    video.src = admission.url;
  };

  const move = (): void => {
    const { currentTime, paused, playbackRate } = video;
    open();
    const there = (): void => {
      video.currentTime = currentTime;
      video.playbackRate = playbackRate;
      // A browser that wants a gesture before it plays leaves the film paused.
      if (!paused) video.play().catch(() => {});
    };
    video.addEventListener("loadedmetadata", there, { once: true });
  };

  const onError = (): void => {
    void inquire(video.currentSrc || video.src).then(async (failure) => {
      if (failure === null || session.closed) return;
      if (failure.status !== 403) return report(failure);
      // A renewal moves the element by itself.
      await session.renewAfter(generation).catch((error: unknown) => report(PlaybackError.from(error)));
    });
  };

  video.addEventListener("error", onError);
  return {
    load: open,
    resume: move,
    renewed: move,
    detach: () => video.removeEventListener("error", onError),
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
