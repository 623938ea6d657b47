import { LocalMediaStorage, type Src } from "@vidstack/react";

import { readPositions } from "../films/positions";

/**
 * What vidstack keeps of a viewer: volume, captions, quality and speed for all films, and where this one was left.
 * Its own storage keeps the time by the film's address, and so for everybody who uses this browser.
 */
export class ViewerStorage extends LocalMediaStorage {
  readonly #viewer: string;
  readonly #film: string;

  constructor(viewer: string, film: string) {
    super();
    this.#viewer = viewer;
    this.#film = film;
  }

  override onChange(src: Src): void {
    super.onChange(src, null, `reelgate-player:${this.#viewer}`);
  }

  override async getTime(): Promise<number | null> {
    return readPositions(this.#viewer)[this.#film]?.at ?? null;
  }

  /** The page notes it itself, for its list. */
  override async setTime(): Promise<void> {}
}
