import type Hls from "hls.js";
import type { ErrorData, Events } from "hls.js";

import type { Adapter, Report } from "./adapter.js";
import { PlaybackError } from "./errors.js";
import { gateLoader, reasonIn } from "./loader.js";
import { repaintAfterFlush } from "./repaint.js";
import type { GateSession } from "./session.js";

// hls.js is imported for its types alone: which build of it is used is the page's choice.
const ERROR = "hlsError" as Events.ERROR;

/** Milliseconds between two looks at whether the film has run out of what it had before the network went. */
const LOOK_EVERY = 500;

/** Has `hls` load through the session. Its own settings stay as they are. */
export function adaptHls(hls: Hls, session: GateSession, report: Report): Adapter {
  const unadapted = hls.config.loader;
  hls.config.loader = gateLoader(unadapted, session);
  let watch: ReturnType<typeof setInterval> | undefined;
  const stopWatching = (): void => {
    clearInterval(watch);
    watch = undefined;
  };
  // hls.js waits in silence for the network. Who looks at a picture that stands still is to know.
  const look = (): void => {
    if (watch === undefined || (isOffline() && !isWaiting(hls.media))) return;
    stopWatching();
    if (isOffline()) report(PlaybackError.fromStatus(0));
  };
  const onError = (_: Events.ERROR, data: ErrorData): void => {
    if (data.type !== "networkError") return;
    if (data.fatal) report(explain(data, session));
    else if (isOffline()) watch ??= setInterval(look, LOOK_EVERY);
  };
  hls.on(ERROR, onError);
  const stopRepainting = repaintAfterFlush(hls);
  return {
    load: (master) => hls.loadSource(master),
    resume: (master) => {
      if (hls.levels.length === 0) hls.loadSource(master);
      else hls.startLoad(hls.media?.currentTime ?? -1);
    },
    renewed: () => {},
    detach: () => {
      hls.off(ERROR, onError);
      stopRepainting();
      stopWatching();
      hls.config.loader = unadapted;
    },
  };
}

function isOffline(): boolean {
  return typeof navigator !== "undefined" && navigator.onLine === false;
}

/** Whether the picture stands still for want of data. */
function isWaiting(media: HTMLMediaElement | null): boolean {
  return media === null || media.readyState < HTMLMediaElement.HAVE_FUTURE_DATA;
}

function explain(data: ErrorData, session: GateSession): PlaybackError {
  const status = data.response?.code ?? 0;
  if (status === 403 && session.failure !== null) return session.failure;
  return PlaybackError.fromStatus(status, reasonIn(data.networkDetails));
}
