// A portal's back end: the built page, the list of games, who is signed in, and playback URLs.

import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

import { mintPlaybackToken, playbackAnswer } from "reelgate-client/mint";

const PAGE = fileURLToPath(new URL("../portal/dist", import.meta.url));
const CLIENT = fileURLToPath(new URL("../reelgate-client/dist", import.meta.url));
const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".json": "application/json",
  ".jpg": "image/jpeg",
};

/** A page that plays without hls.js, as on a phone that has no Media Source. */
const NATIVE = `<!doctype html><meta charset="utf-8"><title>Native</title><video muted playsinline></video>
<script type="module">
  import { attach, fetchPlayback } from "./client/index.js";
  window.errors = [];
  window.film = attach(
    document.querySelector("video"),
    () => fetchPlayback("/api/games/2025001/playback"),
    { onError: (error) => window.errors.push(error.kind) },
  );
</script>`;

/** A token with another character in its signature: for `fault.change`. */
export function tampered({ url, ...rest }) {
  return { ...rest, url: url.replace(/.(?=.$)/, (last) => (last === "A" ? "B" : "A")) };
}

/** Starts it on a free port. `games` is what it lists; `secret` is shared with the gate. */
export async function startPortal({ games, poster, secret }) {
  const portal = {
    gate: "",
    /** How the next answers of a viewer, by name, differ from the right ones. */
    faults: new Map(),
    /** Names of those who are to be signed out. */
    gone: new Set(),
    /** Who asked for which playback, in order. */
    asked: [],
    /** What answers below `/react/`, beside `server`: pages under development, where a test has some. */
    develop: null,
  };
  const sessions = new Map();

  const answer = async (request, response) => {
    const { pathname } = new URL(request.url, "http://portal");
    const viewer = sessions.get(cookie(request)) ?? null;
    const known = viewer !== null && !portal.gone.has(viewer) ? viewer : null;
    const game = /^\/api\/games\/([^/]+)\/playback$/.exec(pathname)?.[1];
    if (game !== undefined) return playback(response, known, decodeURIComponent(game), request);
    if (pathname === "/api/session") return session(request, response, known);
    if (pathname === "/games.json") return json(response, 200, games);
    if (pathname === "/poster.jpg") return send(response, 200, await readFile(poster), "image/jpeg");
    if (pathname.startsWith("/react/") && portal.develop !== null) return portal.develop(request, response);
    if (pathname === "/native.html") return send(response, 200, NATIVE, TYPES[".html"]);
    return file(response, pathname);
  };

  const session = async (request, response, viewer) => {
    if (request.method === "DELETE") {
      sessions.delete(cookie(request));
      return json(response, 204, null);
    }
    if (request.method !== "POST") {
      return viewer === null ? json(response, 401, {}) : json(response, 200, { name: viewer, token: `of-${viewer}` });
    }
    const { name } = JSON.parse(await body(request));
    const id = randomUUID();
    sessions.set(id, name);
    portal.gone.delete(name);
    response.setHeader("Set-Cookie", `portal=${id}; HttpOnly; SameSite=Lax; Path=/`);
    return json(response, 200, { name });
  };

  const playback = (response, viewer, game, request) => {
    portal.asked.push({ viewer, game, bearer: request.headers.authorization ?? null });
    if (viewer === null) return json(response, 401, { error: "signed_out" });
    const fault = portal.faults.get(viewer) ?? {};
    if (fault.status !== undefined) return json(response, fault.status, { error: "refused" });
    const signed = fault.secret ?? secret;
    const videoOrigin = fault.gate ?? portal.gate;
    const grant = { gid: fault.game ?? game, sub: viewer, ...(fault.now !== undefined && { now: fault.now }) };
    const right = playbackAnswer(signed, { ...grant, gid: game, videoOrigin });
    const url = right.url.replace(/t=.*/, `t=${mintPlaybackToken(signed, grant)}`);
    return json(response, 200, (fault.change ?? ((same) => same))({ ...right, url }));
  };

  const server = createServer((request, response) => {
    answer(request, response).catch((error) => send(response, 500, String(error), "text/plain"));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  portal.server = server;
  portal.origin = (host) => `http://${host}:${port}`;
  portal.stop = () => new Promise((stopped) => {
    server.close(stopped);
    server.closeAllConnections();
  });
  return portal;
}

async function file(response, pathname) {
  const inClient = pathname.startsWith("/client/");
  const name = normalize(inClient ? pathname.slice("/client".length) : pathname === "/" ? "/index.html" : pathname);
  try {
    send(response, 200, await readFile(join(inClient ? CLIENT : PAGE, name)), TYPES[extname(name)] ?? "text/plain");
  } catch {
    send(response, 404, "Not Found", "text/plain");
  }
}

function json(response, status, value) {
  send(response, status, value === null ? "" : JSON.stringify(value), "application/json");
}

function send(response, status, content, type) {
  response.writeHead(status, { "Content-Type": type, "Cache-Control": "no-store" });
  response.end(content);
}

function cookie(request) {
  return /(?:^|; )portal=([^;]+)/.exec(request.headers.cookie ?? "")?.[1];
}

async function body(request) {
  let text = "";
  for await (const bytes of request) text += bytes;
  return text;
}
