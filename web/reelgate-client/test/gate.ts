// A gate and a portal in memory, which can be told to fail.

import type { GetPlaybackUrl } from "../src/index.js";

const FOLDER = "https://gate.example/games/7/";

/** What a test says the gate and the portal do. */
export class FakeGate {
  /** Milliseconds that a session lives. */
  life = 3_600_000;
  /** Whether the browser keeps and sends cookies. */
  cookies = true;
  /** Tokens that the gate refuses, with its reason. */
  readonly refused = new Map<string, string>();
  /** What the gate answers instead of anything else. */
  status: number | null = null;
  /** No answer at all. */
  down = false;
  /** What the portal rejects with. */
  portalError: Error | null = null;

  readonly asked: string[] = [];
  readonly causes: string[] = [];
  #tokens = 0;
  #sessions = 0;
  #cookie: { ends: number } | null = null;

  readonly getPlaybackUrl: GetPlaybackUrl = async (cause) => {
    this.causes.push(cause);
    if (this.portalError !== null) throw this.portalError;
    this.#tokens += 1;
    return { type: "hls", url: `${FOLDER}master.m3u8?t=token${this.#tokens}`, expires_at: "2025-10-09T09:08:20Z" };
  };

  readonly fetch = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const url = new URL(String(input));
    this.asked.push(url.pathname + url.search);
    if (this.down) throw new TypeError("Failed to fetch");
    if (this.status !== null) return new Response("", { status: this.status });
    const token = url.searchParams.get("t");
    if (token === null) return this.#byCookie(init);
    const reason = this.refused.get(token);
    if (reason !== undefined) return refusal(reason);
    this.#sessions += 1;
    const ends = Date.now() + this.life;
    if (this.cookies && init?.credentials === "include") this.#cookie = { ends };
    return info(`s${this.#sessions}`, ends);
  };

  #byCookie(init?: RequestInit): Response {
    if (this.#cookie === null || init?.credentials !== "include") return refusal("no_credential");
    return info(`s${this.#sessions}`, this.#cookie.ends);
  }
}

function info(session: string, ends: number): Response {
  return Response.json({ prefix: `/s/${session}/games/7/`, expires_at: new Date(ends).toISOString() });
}

function refusal(reason: string): Response {
  return new Response("Forbidden", { status: 403, headers: { "X-Reelgate-Reason": reason } });
}
