import { PlaybackError } from "reelgate-client";
import { type FormEvent, useEffect, useId, useRef, useState } from "react";

import type { Config } from "./config";
import { signIn, type Viewer } from "./identity";
import { useLanguage } from "./language";
import { useTitle } from "./title";

export interface SignInProps {
  readonly config: Config;
  readonly onSignedIn: (viewer: Viewer) => void;
}

export function SignIn({ config, onSignedIn }: SignInProps) {
  const { words } = useLanguage();
  useTitle(words.signIn.act, config.title ?? words.films);
  return (
    <section className="sign-in" aria-labelledby="sign-in">
      <h1 id="sign-in">{words.signIn.title}</h1>
      {config.signIn === undefined ? (
        <NameForm config={config} onSignedIn={onSignedIn} />
      ) : (
        <a className="button primary" href={config.signIn}>
          {words.signIn.act}
        </a>
      )}
    </section>
  );
}

/** `failed` may be over in a moment; for a name that is `refused` another one is needed. */
type State = "idle" | "asking" | "failed" | "refused";

function NameForm({ config, onSignedIn }: SignInProps) {
  const [state, setState] = useState<State>("idle");
  const [field, message] = [useId(), useId()];
  const input = useRef<HTMLInputElement>(null);
  const { words } = useLanguage();
  const isWrong = state === "failed" || state === "refused";

  const submit = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    if (state === "asking") return;
    const name = String(new FormData(event.currentTarget).get("name") ?? "").trim();
    setState("asking");
    try {
      onSignedIn(await signIn(config, name));
    } catch (error) {
      setState(PlaybackError.from(error).kind === "offline" ? "failed" : "refused");
    }
  };
  useEffect(() => {
    if (state !== "refused") return;
    input.current?.focus();
    input.current?.select();
  }, [state]);

  return (
    <form onSubmit={(event) => void submit(event)}>
      <label htmlFor={field}>{words.signIn.name}</label>
      <input
        ref={input}
        id={field}
        name="name"
        autoComplete="username"
        required
        maxLength={100}
        aria-invalid={state === "refused"}
        aria-describedby={isWrong ? message : undefined}
      />
      {/* Not disabled while it asks: a disabled button loses the focus. */}
      <button type="submit" className="primary" aria-disabled={state === "asking"}>
        {words.signIn.act}
      </button>
      {isWrong && (
        <p id={message} className="refused" role="alert">
          {words.signIn[state]}
        </p>
      )}
    </form>
  );
}
