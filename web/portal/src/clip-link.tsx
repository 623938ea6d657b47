import type { MediaPlayerInstance } from "@vidstack/react";
import { type RefObject, useId, useState } from "react";

import { gameHref } from "./route";
import { clockTime } from "./time";

/** Length of the clip that is offered when only one end is chosen, in seconds. */
const FIRST_LENGTH = 30;

export interface ClipLinkProps {
  readonly game: string;
  readonly player: RefObject<MediaPlayerInstance | null>;
}

/** Makes a link to a part of the game. Who follows it needs the same right to watch. */
export function ClipLink({ game, player }: ClipLinkProps) {
  const [start, setStart] = useState<number>();
  const [end, setEnd] = useState<number>();
  const [copied, setCopied] = useState(false);
  const output = useId();

  const now = (): number => Math.floor((player.current?.currentTime ?? 0) * 10) / 10;
  const begin = (): void => {
    const from = now();
    const last = player.current?.duration || from + FIRST_LENGTH;
    setStart(from);
    if (end === undefined || end <= from) setEnd(Math.floor(Math.min(from + FIRST_LENGTH, last) * 10) / 10);
    setCopied(false);
  };
  const finish = (): void => {
    const to = now();
    setEnd(to);
    if (start === undefined || start >= to) setStart(Math.max(0, to - FIRST_LENGTH));
    setCopied(false);
  };

  const isClip = start !== undefined && end !== undefined && end > start;
  const link = isClip ? new URL(gameHref(game, { start, end }), location.href).href : "";
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(link);
    setCopied(true);
  };

  return (
    <section className="clip-link" aria-labelledby={`${output}-title`}>
      <h2 id={`${output}-title`}>Link to a moment</h2>
      <div className="actions">
        <button type="button" onClick={begin}>
          Start here{start !== undefined && <span className="time">{clockTime(start, true)}</span>}
        </button>
        <button type="button" onClick={finish}>
          End here{end !== undefined && <span className="time">{clockTime(end, true)}</span>}
        </button>
        {isClip && (
          <button type="button" className="primary" onClick={() => void copy()}>
            Copy link
          </button>
        )}
      </div>
      {isClip && (
        <input
          id={output}
          className="link"
          readOnly
          value={link}
          aria-label="Link to this part"
          onFocus={(event) => event.currentTarget.select()}
        />
      )}
      <p role="status" className="quiet">
        {copied ? "Copied. Who opens it must be allowed to watch the game." : ""}
      </p>
    </section>
  );
}
