import { useState } from "react";

import type { Film } from "../films/film";
import type { Position } from "../films/positions";
import { useLanguage } from "../language";
import { filmHref } from "../route";
import { clockTime, day } from "../time";

export interface CardProps {
  readonly film: Film;
  /** Where the viewer left it. */
  readonly position?: Position | undefined;
}

/** The whole card is the link; its name is the title alone. */
export function Card({ film, position }: CardProps) {
  const { locale, words } = useLanguage();
  // A picture at the gate is there for as long as the session in its address.
  const [broken, setBroken] = useState<string>();
  const left = position && words.list.left(Math.max(1, Math.round((position.of - position.at) / 60)));
  const facts = [film.date && day(film.date, locale), left].filter(Boolean);
  return (
    <article className="card" aria-busy={film.title === ""}>
      <div className="poster" style={{ "--hue": hue(film.id) } as React.CSSProperties}>
        {film.poster && film.poster !== broken ? (
          <img src={film.poster} alt="" loading="lazy" width="640" height="360" onError={() => setBroken(film.poster)} />
        ) : (
          <span aria-hidden="true">{initials(film.title)}</span>
        )}
        {film.duration_seconds !== undefined && <span className="length">{clockTime(film.duration_seconds)}</span>}
        {position && <span className="seen" style={{ width: `${(position.at / position.of) * 100}%` }} />}
      </div>
      <h3>
        <a href={filmHref(film.id)}>{film.title || film.id}</a>
      </h3>
      <p className="quiet">{facts.join(" · ")}</p>
    </article>
  );
}

function initials(title: string): string {
  const words = title.split(/[^\p{L}\p{N}]+/u).filter((word) => /\p{Lu}|\p{N}/u.test(word));
  return words.slice(0, 3).map((word) => [...word][0]).join("");
}

/** A colour of its own for each film, always the same. */
function hue(id: string): number {
  const sum = [...id].reduce((sum, character) => (sum * 31 + (character.codePointAt(0) ?? 0)) % 9973, 7);
  // The golden angle sets neighbours far apart.
  return Math.round(sum * 137.508) % 360;
}
