import type { MediaPlayerInstance } from "@vidstack/react";
import { type RefObject, useId, useRef, useState } from "react";

import { useLanguage } from "../language";
import { filmHref } from "../route";
import { clockTime } from "../time";

/** Length of the clip that is offered when only one end is chosen, in seconds. */
const FIRST_LENGTH = 30;

export interface ClipLinkProps {
  readonly film: string;
  readonly player: RefObject<MediaPlayerInstance | null>;
}

/** Makes a link to a part of the film. Who follows it needs the same right to watch. */
export function ClipLink({ film, player }: ClipLinkProps) {
  const [start, setStart] = useState<number>();
  const [end, setEnd] = useState<number>();
  const [copied, setCopied] = useState<"copied" | "byHand">();
  const output = useId();
  const field = useRef<HTMLInputElement>(null);
  const { clip } = useLanguage().words;

  const now = (): number => Math.floor((player.current?.currentTime ?? 0) * 10) / 10;
  const begin = (): void => {
    const from = now();
    const last = player.current?.duration || from + FIRST_LENGTH;
    setStart(from);
    if (end === undefined || end <= from) setEnd(Math.floor(Math.min(from + FIRST_LENGTH, last) * 10) / 10);
    setCopied(undefined);
  };
  const finish = (): void => {
    const to = now();
    setEnd(to);
    if (start === undefined || start >= to) setStart(Math.max(0, to - FIRST_LENGTH));
    setCopied(undefined);
  };

  const isClip = start !== undefined && end !== undefined && end > start;
  const link = isClip ? new URL(filmHref(film, { start, end }), location.href).href : "";
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(link);
      setCopied("copied");
    } catch {
      // Refused, or not there at all: a page that came without TLS from another machine has no clipboard.
      // Its focus selects all of it.
      field.current?.focus();
      setCopied("byHand");
    }
  };

  return (
    <section className="clip-link" aria-labelledby={`${output}-title`}>
      <h2 id={`${output}-title`}>{clip.title}</h2>
      <div className="actions">
        <button type="button" onClick={begin}>
          {clip.start}
          {start !== undefined && <span className="time">{clockTime(start, true)}</span>}
        </button>
        <button type="button" onClick={finish}>
          {clip.end}
          {end !== undefined && <span className="time">{clockTime(end, true)}</span>}
        </button>
        {isClip && (
          <button type="button" className="primary" onClick={() => void copy()}>
            {clip.copy}
          </button>
        )}
      </div>
      {isClip && (
        <input
          ref={field}
          id={output}
          className="link"
          readOnly
          value={link}
          aria-label={clip.link}
          onFocus={(event) => event.currentTarget.select()}
        />
      )}
      <p role="status" className="quiet">
        {copied && clip[copied]}
      </p>
    </section>
  );
}
