import type { ErrorData } from "hls.js";

/** Fatal faults without a moment of film between them: then no further try helps, and vidstack would try for ever. */
const MOST_FAULTS = 3;

/** Tells a film that this browser cannot play from one with a scratch that it gets over. */
export class Faults {
  #count = 0;

  /** Whether this fault is one too many. What the network does is none of them. */
  isTooMuch({ type, details, fatal }: ErrorData): boolean {
    if (!fatal || type !== "mediaError") return false;
    this.#count += 1;
    return details === "manifestIncompatibleCodecsError" || this.#count >= MOST_FAULTS;
  }

  /** The film goes on. */
  forget(): void {
    this.#count = 0;
  }
}
