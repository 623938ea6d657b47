// Where a viewer stopped, kept in this browser, for each viewer apart.

/** Where a film was left. */
export interface Position {
  /** Seconds. */
  readonly at: number;
  /** Seconds that the film has. */
  readonly of: number;
  /** Milliseconds since 1970. */
  readonly when: number;
}

export type Positions = Readonly<Record<string, Position>>;

/** Seconds. Who saw less has not begun. */
const LEAST = 10;
/** Seconds before its end from which on a film counts as seen: the rest is credits. */
const REST = 15;
/** Films whose positions are kept. */
const MOST = 100;

export function readPositions(viewer: string): Positions {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(keyOf(viewer)) ?? "{}");
    if (typeof stored !== "object" || stored === null) return {};
    return Object.fromEntries(Object.entries(stored).filter(isEntry));
  } catch {
    // Storage may be forbidden, or hold what another page wrote.
    return {};
  }
}

/** Remembers where the film is, or forgets it where nothing is left to go on with. */
export function keepPosition(viewer: string, film: string, at: number, of: number): void {
  if (!(of > 0)) return;
  const { [film]: _, ...others } = readPositions(viewer);
  const isOpen = at >= LEAST && at < of - Math.min(REST, of / 10);
  const all: [string, Position][] = [...(isOpen ? [[film, { at, of, when: Date.now() }] as [string, Position]] : []), ...Object.entries(others)];
  try {
    localStorage.setItem(keyOf(viewer), JSON.stringify(Object.fromEntries(byTime(all).slice(0, MOST))));
  } catch {
    // Without storage a film begins at its beginning.
  }
}

/** The last one first. */
export function byTime(positions: readonly [string, Position][]): readonly [string, Position][] {
  return positions.toSorted(([, a], [, b]) => b.when - a.when);
}

function keyOf(viewer: string): string {
  return `reelgate-positions:${viewer}`;
}

function isEntry(entry: [string, unknown]): entry is [string, Position] {
  const [, value] = entry;
  if (typeof value !== "object" || value === null) return false;
  return ["at", "of", "when"].every((name) => typeof (value as Record<string, unknown>)[name] === "number");
}
