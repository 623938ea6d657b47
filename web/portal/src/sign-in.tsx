import { useId, useState, type FormEvent } from "react";

import type { Config } from "./config";
import { signIn, type Viewer } from "./identity";
import { useLanguage } from "./language";

export interface SignInProps {
  readonly config: Config;
  readonly onSignedIn: (viewer: Viewer) => void;
}

export function SignIn({ config, onSignedIn }: SignInProps) {
  const { words } = useLanguage();
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

function NameForm({ config, onSignedIn }: SignInProps) {
  const [state, setState] = useState<"idle" | "asking" | "refused">("idle");
  const field = useId();
  const { words } = useLanguage();

  const submit = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const name = String(new FormData(event.currentTarget).get("name") ?? "").trim();
    setState("asking");
    try {
      onSignedIn(await signIn(config, name));
    } catch {
      setState("refused");
    }
  };

  return (
    <form onSubmit={(event) => void submit(event)}>
      <label htmlFor={field}>{words.signIn.name}</label>
      <input id={field} name="name" autoComplete="username" required maxLength={100} />
      <button type="submit" className="primary" disabled={state === "asking"}>
        {words.signIn.act}
      </button>
      {state === "refused" && (
        <p className="refused" role="alert">
          {words.signIn.failed}
        </p>
      )}
    </form>
  );
}
