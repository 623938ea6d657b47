export { attach, type Attachment, type AttachOptions, type Player } from "./attach.js";
export { type FilmDocument, type FilmFolder, openFolder, readFilm } from "./document.js";
export { PlaybackError, type PlaybackErrorDetails, type PlaybackErrorKind } from "./errors.js";
export {
  fetchPlayback,
  fetchPlaybackSession,
  type GetPlaybackUrl,
  type Playback,
  type PlaybackCause,
  playbackOf,
  type PlaybackSession,
} from "./playback.js";
export type { Transport } from "./session.js";
export type { VidstackPlayer, VidstackSource } from "./vidstack.js";
