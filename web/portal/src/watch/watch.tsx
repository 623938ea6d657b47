import "@vidstack/react/player/styles/default/theme.css";
import "@vidstack/react/player/styles/default/layouts/video.css";

import { MediaPlayer, MediaProvider, type MediaPlayerInstance } from "@vidstack/react";
import { DefaultVideoLayout, defaultLayoutIcons } from "@vidstack/react/player/layouts/default";
import Hls from "hls.js";
import { attach, type Attachment, fetchPlayback, readFilm, type VidstackSource } from "reelgate-client";
import { useEffect, useMemo, useRef, useState } from "react";

import { type Config, playbackUrl } from "../config";
import { type Film, withDocument } from "../films/film";
import { authorization } from "../films/gate";
import { keepPosition } from "../films/positions";
import type { Viewer } from "../identity";
import { useLanguage } from "../language";
import { type Clip, filmHref, LIST_HREF } from "../route";
import { clockTime, day } from "../time";
import { Trouble, troubleOf } from "../trouble";
import { ClipLink } from "./clip-link";
import { Faults } from "./faults";
import { ViewerStorage } from "./storage";
import { useStage } from "./use-stage";

// What a page cannot hand over: other devices have neither its cookie nor its renewals.
const SLOTS = { googleCastButton: null, airPlayButton: null };

/** Seconds of the film between two notes of where it is. */
const NOTE_EVERY = 5;

export interface WatchProps {
  readonly config: Config;
  readonly viewer: Viewer;
  readonly film: Film;
  readonly clip: Clip | null;
  readonly onSignIn: () => void;
}

export default function Watch({ config, viewer, film: listed, clip, onSignIn }: WatchProps) {
  const player = useRef<MediaPlayerInstance>(null);
  const attached = useRef<Attachment>(null);
  const noted = useRef(0);
  const faults = useRef(new Faults());
  const [source, setSource] = useState<VidstackSource>();
  const { stage, message, trouble, setTrouble } = useStage(player);
  const [told, setTold] = useState<Film>();
  const [folder, setFolder] = useState<string>();
  const { locale, words } = useLanguage();
  const film = told ?? listed;
  const { id } = listed;
  const title = film.title || id;
  const storage = useMemo(() => new ViewerStorage(viewer.name, id), [viewer.name, id]);

  useEffect(() => {
    if (player.current === null) return;
    const attachment = attach(player.current, (_, signal) => askForPlayback(config, id, signal), {
      Hls,
      setSource,
      onError: (error) => setTrouble(troubleOf(error)),
      onReady: () => setTrouble(undefined),
      // Each session has its own address for other files, good for as long as it lives.
      onSession: () => setFolder(attachment.urlFor("")),
    });
    attached.current = attachment;
    return () => attachment.detach();
  }, [config, id, setTrouble]);

  useEffect(() => {
    if (folder === undefined || listed.thumbnails !== undefined) return;
    const leaving = new AbortController();
    readFilm(folder, leaving.signal)
      .then((document) => setTold(withDocument(listed, folder, document)))
      // What the list says will do.
      .catch(() => {});
    return () => leaving.abort();
  }, [folder, listed]);

  const note = (): void => {
    if (clip !== null || player.current === null) return;
    noted.current = player.current.currentTime;
    keepPosition(viewer.name, id, player.current.currentTime, player.current.duration);
  };
  const retry = (): void => {
    // Without the message it shows that something is done; there is another one if that does not help.
    setTrouble(undefined);
    attached.current?.retry();
  };
  const facts = [film.date && day(film.date, locale), film.duration_seconds && clockTime(film.duration_seconds)];
  const thumbnails = folder && film.thumbnails && folder + film.thumbnails;
  return (
    <article className="watch">
      <a className="back" href={LIST_HREF}>
        {words.watch.back}
      </a>
      <div className="stage" ref={stage} onLoadCapture={describeNothing}>
        {/* What is behind a message cannot be reached by keyboard either. */}
        <div inert={trouble !== undefined}>
          <MediaPlayer
            ref={player}
            title={title}
            ariaLabel={words.watch.player(title)}
            src={source ?? ""}
            load="eager"
            crossOrigin="use-credentials"
            playsInline
            {...(clip === null
              ? { storage }
              : { clipStartTime: clip.start, clipEndTime: clip.end })}
            onTimeUpdate={({ currentTime }) => {
              if (Math.abs(currentTime - noted.current) >= NOTE_EVERY) note();
            }}
            onPause={note}
            onEnded={note}
            onHlsError={(fault) => {
              if (!faults.current.isTooMuch(fault, player.current?.currentTime ?? 0)) return;
              setTrouble("broken");
              setSource(undefined);
            }}
            onError={(error) => {
              // What the network did is told by the attachment, with its reason.
              if (error.code === 3 || error.code === 4) setTrouble((known) => known ?? "broken");
            }}
          >
            <MediaProvider />
            <DefaultVideoLayout
              icons={defaultLayoutIcons}
              slots={SLOTS}
              translations={words.player}
              {...(thumbnails && { thumbnails })}
            />
          </MediaPlayer>
        </div>
        {trouble !== undefined && (
          <Trouble ref={message} kind={trouble} onSignIn={onSignIn} onRetry={retry}>
            {(trouble === "missing" || trouble === "forbidden") && (
              <a className="button" href={LIST_HREF}>
                {words.watch.back}
              </a>
            )}
          </Trouble>
        )}
      </div>
      <header>
        <h1>{title}</h1>
        <p className="quiet">{facts.filter(Boolean).join(" · ")}</p>
      </header>
      {clip !== null && (
        <p className="clip-note">
          {words.watch.part(clockTime(clip.start), clockTime(clip.end))} <a href={filmHref(id)}>{words.watch.whole}</a>
        </p>
      )}
      {film.description && <p className="description">{film.description}</p>}
      {clip === null && (
        // What was chosen in it outlives a moment without a network.
        <div hidden={trouble !== undefined}>
          <ClipLink film={id} player={player} />
        </div>
      )}
    </article>
  );
}

/** The player's pictures over the time line come without a description, and a screen reader would spell their address. */
function describeNothing({ target }: React.SyntheticEvent): void {
  if (target instanceof HTMLImageElement) target.alt = "";
}

async function askForPlayback(config: Config, film: string, signal: AbortSignal) {
  const headers = await authorization(config, signal);
  return fetchPlayback(playbackUrl(config, film), { signal, headers, cache: "no-store" });
}
