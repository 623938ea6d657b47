import type { PlaybackError } from "./errors.js";

/** What {@link attach} does with a kind of player. */
export interface Adapter {
  /** Gives the player the film. */
  load(master: string): void;
  /** Goes on after a failure, where the player stood. */
  resume(master: string): void;
  /** The session has another address or cookie from now on. */
  renewed(): void;
  detach(): void;
}

/** Tells why the film stopped. */
export type Report = (error: PlaybackError) => void;
