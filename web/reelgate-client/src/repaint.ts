import type Hls from "hls.js";
import type { BufferFlushedData, Events, FragBufferedData } from "hls.js";

const BUFFER_FLUSHED = "hlsBufferFlushed" as Events.BUFFER_FLUSHED;
const FRAG_BUFFERED = "hlsFragBuffered" as Events.FRAG_BUFFERED;

/** Milliseconds between two looks at the picture, and for how long it is looked at. */
const LOOK_EVERY = 500;
const LOOK_FOR = 15_000;

/** Seconds of film without a new picture: then it stands still, unless the film is one of slides. */
const STANDS = 1.5;

/** A film of slides is sought in so often, and then left alone. */
const MOST_SEEKS = 4;

/**
 * Keeps Chromium's picture alive when another quality is chosen.
 *
 * hls.js then takes away all of the picture and puts the new one in its place. Chromium may go on with the
 * sound and the last picture of the old quality for as long as it is not made to look for a key frame again:
 * by a seek, once there is something new where it stands (video-dev/hls.js#6355). One is not always enough, so
 * the picture is watched for a while.
 *
 * @returns what stops it.
 */
export function repaintAfterFlush(hls: Hls, isChromium = runsInChromium()): () => void {
  if (!isChromium) return () => {};
  let isGone = false;
  let stopWatching = (): void => {};
  const onFlushed = (_: Events.BUFFER_FLUSHED, { type }: BufferFlushedData): void => {
    // What is behind or ahead of the playhead goes in other cases too, and nothing shows of that.
    if (type !== "audio" && hls.media !== null && !isBuffered(hls.media)) isGone = true;
  };
  const onBuffered = (_: Events.FRAG_BUFFERED, { frag }: FragBufferedData): void => {
    if (!isGone || frag.type !== "main" || hls.media === null || !isBuffered(hls.media)) return;
    isGone = false;
    hls.media.currentTime = hls.media.currentTime;
    stopWatching();
    stopWatching = watch(hls.media);
  };
  hls.on(BUFFER_FLUSHED, onFlushed);
  hls.on(FRAG_BUFFERED, onBuffered);
  return () => {
    hls.off(BUFFER_FLUSHED, onFlushed);
    hls.off(FRAG_BUFFERED, onBuffered);
    stopWatching();
  };
}

/** Seeks to where the film stands whenever time goes on and the picture does not. */
function watch(media: HTMLMediaElement): () => void {
  if (!("getVideoPlaybackQuality" in media)) return () => {};
  const video = media as HTMLVideoElement;
  const frames = (): number => video.getVideoPlaybackQuality().totalVideoFrames;
  let seen = frames();
  let since = video.currentTime;
  let seeks = 0;
  const stop = (): void => {
    clearInterval(looking);
    clearTimeout(ending);
  };
  const look = (): void => {
    if (seeks >= MOST_SEEKS) return stop();
    const isShown = typeof document === "undefined" || document.visibilityState === "visible";
    if (video.paused || video.seeking || !isShown || frames() !== seen || video.currentTime < since) {
      [seen, since] = [frames(), video.currentTime];
    } else if (video.currentTime - since > STANDS) {
      seeks += 1;
      video.currentTime = video.currentTime;
      since = video.currentTime;
    }
  };
  const looking = setInterval(look, LOOK_EVERY);
  const ending = setTimeout(stop, LOOK_FOR);
  return stop;
}

function isBuffered({ buffered, currentTime }: HTMLMediaElement): boolean {
  for (let range = 0; range < buffered.length; range += 1) {
    if (buffered.start(range) <= currentTime && currentTime < buffered.end(range)) return true;
  }
  return false;
}

function runsInChromium(): boolean {
  return typeof navigator !== "undefined" && /\bChrome\//.test(navigator.userAgent);
}
