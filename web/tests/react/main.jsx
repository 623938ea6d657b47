// What a React developer writes around the hook, served by Vite as while developing: React is its development
// build, and StrictMode mounts everything twice.

import "@vidstack/react/player/styles/base.css";

import { MediaPlayer, MediaProvider } from "@vidstack/react";
import Hls from "hls.js";
import { createElement, StrictMode, useState } from "react";
import { createRoot } from "react-dom/client";
import { fetchPlayback } from "reelgate-client";
import { useReelgate } from "reelgate-client/react";

const GAME = "2025001";

/** As while typing in an editor: the same film is attached anew to the player that is there. */
function useFilm(options) {
  const [edition, setEdition] = useState(0);
  window.attachAnew = () => setEdition(edition + 1);
  const ask = (_, signal) => fetchPlayback(`/api/games/${GAME}/playback`, { signal });
  const film = useReelgate(`${GAME}, ${edition}`, ask, options);
  window.film = film;
  return film;
}

function Vidstack() {
  const film = useFilm({ Hls });
  const src = film.source ?? "";
  return (
    <MediaPlayer ref={film.ref} src={src} load="eager" muted crossOrigin="use-credentials" playsInline>
      <MediaProvider />
    </MediaPlayer>
  );
}

function WithHls() {
  return <video ref={useFilm({ Hls }).ref} muted playsInline />;
}

function Native() {
  return <video ref={useFilm({}).ref} muted playsInline />;
}

const PLAYERS = { vidstack: Vidstack, hls: WithHls, native: Native };

/** Shown and hidden, as a page does that opens one film after another. */
function App() {
  const [isOpen, setOpen] = useState(true);
  const player = new URLSearchParams(location.search).get("player");
  return (
    <main>
      <button type="button" onClick={() => setOpen(!isOpen)}>
        Open or close
      </button>
      {isOpen && createElement(PLAYERS[player])}
    </main>
  );
}

createRoot(document.getElementById("root")).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
