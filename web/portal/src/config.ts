/** Where the portal's back end is: `config.json` beside the page, so that one build serves every portal. */
export interface Config {
  /** The name over the page; without it the page's word for films. */
  readonly title?: string;
  /** The list of films: ids, or objects with one. */
  readonly games: string;
  /** Who is signed in. */
  readonly session: string;
  /** The endpoint that gives playback URLs; `{id}` stands for the film. */
  readonly playback: string;
  /** The endpoint that gives one token for all films of a viewer, where there is one: lists load with fewer requests. */
  readonly playbackSession?: string;
  /** A page to sign in on. Without it a form asks for a name and posts it to `session`. */
  readonly signIn?: string;
}

const DEFAULTS: Config = {
  games: "/games.json",
  session: "/api/session",
  playback: "/api/games/{id}/playback",
};

export async function readConfig(): Promise<Config> {
  const response = await fetch("config.json", { cache: "no-cache" }).catch(() => null);
  const given: Partial<Config> = response?.ok ? await response.json().catch(() => ({})) : {};
  return { ...DEFAULTS, ...given };
}

export function playbackUrl(config: Config, film: string): string {
  return config.playback.replace("{id}", encodeURIComponent(film));
}
