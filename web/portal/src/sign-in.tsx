import { useId, useState, type FormEvent } from "react";

import type { Config } from "./config";
import { signIn, type Viewer } from "./identity";

export interface SignInProps {
  readonly config: Config;
  readonly onSignedIn: (viewer: Viewer) => void;
}

export function SignIn({ config, onSignedIn }: SignInProps) {
  return (
    <section className="sign-in" aria-labelledby="sign-in">
      <h1 id="sign-in">Sign in to watch</h1>
      {config.signIn === undefined ? (
        <NameForm config={config} onSignedIn={onSignedIn} />
      ) : (
        <a className="button primary" href={config.signIn}>
          Sign in
        </a>
      )}
    </section>
  );
}

function NameForm({ config, onSignedIn }: SignInProps) {
  const [state, setState] = useState<"idle" | "asking" | "refused">("idle");
  const field = useId();

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
      <label htmlFor={field}>Your name</label>
      <input id={field} name="name" autoComplete="username" required maxLength={100} />
      <button type="submit" className="primary" disabled={state === "asking"}>
        Sign in
      </button>
      {state === "refused" && (
        <p className="refused" role="alert">
          That did not work. Try again in a moment.
        </p>
      )}
    </form>
  );
}
