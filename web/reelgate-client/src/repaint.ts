import type Hls from "hls.js";
import type { BufferFlushedData, Events, FragBufferedData } from "hls.js";

const BUFFER_FLUSHED = "hlsBufferFlushed" as Events.BUFFER_FLUSHED;
const FRAG_BUFFERED = "hlsFragBuffered" as Events.FRAG_BUFFERED;

/**
 * Keeps Chromium's picture alive when another quality is chosen.
 *
 * hls.js then takes away all of the picture and puts the new one in its place. Chromium may go on with the
 * sound and the last picture of the old quality for as long as it is not made to look for a key frame again:
 * by a seek, once there is something new where it stands (video-dev/hls.js#6355).
 *
 * @returns what stops it.
 */
export function repaintAfterFlush(hls: Hls, isChromium = runsInChromium()): () => void {
  if (!isChromium) return () => {};
  let isGone = false;
  const onFlushed = (_: Events.BUFFER_FLUSHED, { type }: BufferFlushedData): void => {
    // What is behind or ahead of the playhead goes in other cases too, and nothing shows of that.
    if (type !== "audio" && hls.media !== null && !isBuffered(hls.media)) isGone = true;
  };
  const onBuffered = (_: Events.FRAG_BUFFERED, { frag }: FragBufferedData): void => {
    if (!isGone || frag.type !== "main" || hls.media === null || !isBuffered(hls.media)) return;
    isGone = false;
    hls.media.currentTime = hls.media.currentTime;
  };
  hls.on(BUFFER_FLUSHED, onFlushed);
  hls.on(FRAG_BUFFERED, onBuffered);
  return () => {
    hls.off(BUFFER_FLUSHED, onFlushed);
    hls.off(FRAG_BUFFERED, onBuffered);
  };
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
