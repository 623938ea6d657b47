import "@vidstack/react/player/styles/default/theme.css";
import "@vidstack/react/player/styles/default/layouts/video.css";

import { MediaPlayer, MediaProvider, type MediaPlayerInstance } from "@vidstack/react";
import { DefaultVideoLayout, defaultLayoutIcons } from "@vidstack/react/player/layouts/default";
import Hls from "hls.js";
import { attach, type Attachment, fetchPlayback, PlaybackError, type VidstackSource } from "reelgate-client";
import { useEffect, useRef, useState } from "react";

import { ClipLink } from "./clip-link";
import { type Config, playbackUrl } from "./config";
import type { Game } from "./games";
import { whoIsThere } from "./identity";
import { type Clip, gameHref, LIST_HREF } from "./route";
import { clockTime, day, length } from "./time";
import { Trouble, type TroubleKind, troubleOf } from "./trouble";

// What a page cannot hand over: other devices have neither its cookie nor its renewals.
const SLOTS = { googleCastButton: null, airPlayButton: null };

export interface WatchProps {
  readonly config: Config;
  readonly game: Game;
  readonly clip: Clip | null;
  readonly onSignIn: () => void;
}

export default function Watch({ config, game, clip, onSignIn }: WatchProps) {
  const player = useRef<MediaPlayerInstance>(null);
  const film = useRef<Attachment>(null);
  const [source, setSource] = useState<VidstackSource>();
  const [trouble, setTrouble] = useState<TroubleKind>();
  const [thumbnails, setThumbnails] = useState<string>();

  useEffect(() => {
    if (player.current === null) return;
    const attachment = attach(player.current, (_, signal) => askForPlayback(config, game, signal), {
      Hls,
      setSource,
      onError: (error) => setTrouble(troubleOf(error)),
      onReady: () => setTrouble(undefined),
      // Each session has its own address for them, good for as long as it lives.
      onSession: () => setThumbnails(game.thumbnails && attachment.urlFor(game.thumbnails)),
    });
    film.current = attachment;
    return () => attachment.detach();
  }, [config, game]);

  const facts = [game.date && day(game.date), game.duration_seconds && length(game.duration_seconds)];
  return (
    <article className="watch">
      <a className="back" href={LIST_HREF}>
        All games
      </a>
      <div className="stage">
        <MediaPlayer
          ref={player}
          title={game.title}
          src={source ?? ""}
          load="eager"
          crossOrigin="use-credentials"
          playsInline
          {...(clip === null
            ? { storage: "reelgate-player" }
            : { clipStartTime: clip.start, clipEndTime: clip.end })}
          onError={(error) => {
            // What the network did is told by the attachment, with its reason.
            if (error.code === 3 || error.code === 4) setTrouble((known) => known ?? "broken");
          }}
        >
          <MediaProvider />
          <DefaultVideoLayout
            icons={defaultLayoutIcons}
            slots={SLOTS}
            {...(thumbnails !== undefined && { thumbnails })}
          />
        </MediaPlayer>
        {trouble !== undefined && (
          <Trouble kind={trouble} onSignIn={onSignIn} onRetry={() => film.current?.retry()}>
            {(trouble === "missing" || trouble === "forbidden") && (
              <a className="button" href={LIST_HREF}>
                All games
              </a>
            )}
          </Trouble>
        )}
      </div>
      <header>
        <h1>{game.title}</h1>
        <p className="quiet">{facts.filter(Boolean).join(" · ")}</p>
      </header>
      {clip !== null && (
        <p className="clip-note">
          You are watching {clockTime(clip.start)} to {clockTime(clip.end)}.{" "}
          <a href={gameHref(game.id)}>Watch the whole game</a>
        </p>
      )}
      {game.description && <p className="description">{game.description}</p>}
      {clip === null && trouble === undefined && <ClipLink game={game.id} player={player} />}
    </article>
  );
}

/** With the viewer's token as it is at this moment: it lives shorter than a film. */
async function askForPlayback(config: Config, game: Game, signal: AbortSignal) {
  const viewer = await whoIsThere(config, signal);
  if (viewer === null) throw PlaybackError.fromStatus(401, "signed_out");
  const headers: HeadersInit = viewer.token === undefined ? {} : { Authorization: `Bearer ${viewer.token}` };
  return fetchPlayback(playbackUrl(config, game.id), { signal, headers, cache: "no-store" });
}
