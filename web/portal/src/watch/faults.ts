import type { ErrorData } from "hls.js";

/** Fatal faults at one place of a film. After so many no further try helps, and vidstack would try for ever. */
const MOST_FAULTS = 3;
/** Seconds of film that are one place. */
const PLACE = 5;

/** Tells a film that this browser cannot play from one with a scratch that it gets over. */
export class Faults {
  #at = 0;
  #count = 0;

  /** Whether this fault, `at` seconds into the film, is one too many. What the network does is none of them. */
  isTooMuch({ type, details, fatal }: ErrorData, at: number): boolean {
    if (!fatal || type !== "mediaError") return false;
    if (Math.abs(at - this.#at) > PLACE) {
      this.#at = at;
      this.#count = 0;
    }
    this.#count += 1;
    return details === "manifestIncompatibleCodecsError" || this.#count >= MOST_FAULTS;
  }
}
