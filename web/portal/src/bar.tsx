import { useState } from "react";

import type { Config } from "./config";
import { signOut, type Viewer } from "./identity";
import { LanguageSwitch, useLanguage } from "./language";
import { LIST_HREF } from "./route";

export interface BarProps {
  readonly config: Config;
  readonly viewer: Viewer | null;
  readonly onSignedOut: () => void;
}

export function Bar({ config, viewer, onSignedOut }: BarProps) {
  const { words } = useLanguage();
  const [hasFailed, setFailed] = useState(false);
  const leave = async (): Promise<void> => {
    setFailed(false);
    try {
      await signOut(config);
      onSignedOut();
    } catch {
      // Who believes to be signed out and is not leaves the films to whoever comes next.
      setFailed(true);
    }
  };
  return (
    <>
      <header className="bar">
        <a href={LIST_HREF} className="name">
          <img src="icon.svg" alt="" width="28" height="28" />
          <span>{config.title ?? words.films}</span>
        </a>
        <div className="viewer">
          {viewer !== null && <span>{viewer.name}</span>}
          <LanguageSwitch />
          {viewer !== null && (
            <button type="button" onClick={() => void leave()}>
              {words.signOut}
            </button>
          )}
        </div>
      </header>
      {hasFailed && (
        <p className="bar refused" role="alert">
          {words.signOutFailed}
        </p>
      )}
    </>
  );
}
