import type { Game } from "./games";
import { gameHref } from "./route";
import { day, length } from "./time";

export function List({ games }: { readonly games: readonly Game[] }) {
  if (games.length === 0) return <p className="quiet">There are no games yet.</p>;
  return (
    <ul className="games">
      {games.map((game) => (
        <li key={game.id}>
          <Card game={game} />
        </li>
      ))}
    </ul>
  );
}

/** The whole card is the link; its name is the title alone. */
function Card({ game }: { readonly game: Game }) {
  const facts = [game.date && day(game.date), game.duration_seconds && length(game.duration_seconds)];
  return (
    <article className="card">
      <div className="poster" style={{ "--hue": hue(game.id) } as React.CSSProperties}>
        {game.poster ? (
          <img src={game.poster} alt="" loading="lazy" width="640" height="360" />
        ) : (
          <span aria-hidden="true">{initials(game.title)}</span>
        )}
      </div>
      <h2>
        <a href={gameHref(game.id)}>{game.title}</a>
      </h2>
      <p className="quiet">{facts.filter(Boolean).join(" · ")}</p>
    </article>
  );
}

function initials(title: string): string {
  const words = title.split(/[^\p{L}\p{N}]+/u).filter((word) => /\p{Lu}|\p{N}/u.test(word));
  return words.slice(0, 3).map((word) => [...word][0]).join("");
}

/** A colour of its own for each game, always the same. */
function hue(id: string): number {
  const sum = [...id].reduce((sum, character) => (sum * 31 + (character.codePointAt(0) ?? 0)) % 9973, 7);
  // The golden angle sets neighbours far apart.
  return Math.round(sum * 137.508) % 360;
}
