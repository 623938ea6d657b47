import type { DefaultLayoutWord } from "@vidstack/react/player/layouts/default";
import { createContext, type ReactNode, useContext, useEffect, useState } from "react";

import type { Sort } from "./route";
import type { TroubleKind } from "./trouble";

/** Words of the player's menus that vidstack looks up as it does the others, but does not have in its type. */
type MenuWord =
  | "Audio Boost"
  | `${"Monospaced" | "Proportional"} ${"Serif" | "Sans-Serif"}`
  | "Casual" | "Cursive" | "Small Capitals"
  | "None" | "Drop Shadow" | "Raised" | "Depressed" | "Outline";

/** All that the page says, in one language: a file in `lang`, named by its tag of BCP 47. */
export interface Words {
  /** The language's own name for itself. */
  readonly language: string;
  readonly choose: string;
  readonly films: string;
  readonly skip: string;
  readonly loading: string;
  readonly signIn: Readonly<Record<"title" | "name" | "act" | "failed" | "refused", string>>;
  readonly signOut: string;
  readonly signOutFailed: string;
  readonly list: {
    readonly search: string;
    readonly sort: string;
    readonly by: Readonly<Record<Sort, string>>;
    readonly goOn: string;
    readonly all: string;
    readonly left: (minutes: number) => string;
    readonly count: (count: number) => string;
    readonly none: string;
    readonly noneFound: string;
    readonly clear: string;
    readonly pages: string;
    readonly previous: string;
    readonly next: string;
    readonly page: (page: number, of: number) => string;
  };
  readonly watch: {
    readonly back: string;
    readonly player: (title: string) => string;
    readonly part: (start: string, end: string) => string;
    readonly whole: string;
  };
  readonly clip: Readonly<Record<"title" | "start" | "end" | "copy" | "link" | "copied" | "byHand", string>>;
  readonly trouble: { readonly again: string } & Readonly<Record<TroubleKind, { readonly title: string; readonly text: string }>>;
  /** The player's words, by what they are in English. */
  readonly player: Readonly<Partial<Record<DefaultLayoutWord | MenuWord, string>>>;
}

const FILES = import.meta.glob<Words>("./lang/*.ts", { eager: true, import: "default" });
const LANGUAGES: ReadonlyMap<string, Words> = new Map(
  Object.entries(FILES).map(([file, words]) => [file.replace(/^.*\/|\.ts$/g, ""), words]),
);
const FALLBACK = "en";
/** Where a choice is kept. Without one the browser's own setting counts. */
const KEPT = "reelgate-language";

interface Language {
  /** The tag, as the file is named. */
  readonly tag: string;
  /** The same as the browser has it, with a country perhaps: dates are written otherwise in each. */
  readonly locale: string;
  readonly words: Words;
  readonly choose: (tag: string) => void;
}

const Context = createContext<Language | null>(null);

export function LanguageProvider({ children }: { readonly children: ReactNode }) {
  const [tag, setTag] = useState(firstLanguage);
  useEffect(() => {
    document.documentElement.lang = tag;
  }, [tag]);
  const words = LANGUAGES.get(tag);
  if (words === undefined) throw new Error(`there is no lang/${tag}.ts`);
  const choose = (next: string): void => {
    keep(next);
    setTag(next);
  };
  const locale = navigator.languages.find((each) => each.split("-")[0] === tag) ?? tag;
  return <Context value={{ tag, locale, words, choose }}>{children}</Context>;
}

export function useLanguage(): Language {
  const language = useContext(Context);
  if (language === null) throw new Error("there is no LanguageProvider around this");
  return language;
}

/** Offers every language by its own name. */
export function LanguageSwitch() {
  const { tag, words, choose } = useLanguage();
  return (
    <select className="language" aria-label={words.choose} value={tag} onChange={(event) => choose(event.target.value)}>
      {[...LANGUAGES].map(([each, { language }]) => (
        <option key={each} value={each} lang={each}>
          {language}
        </option>
      ))}
    </select>
  );
}

/** What was chosen here, else the first of the browser's languages that there is. */
function firstLanguage(): string {
  const wanted = [kept(), ...navigator.languages].filter((tag) => tag !== null);
  const found = wanted.map((tag) => (LANGUAGES.has(tag) ? tag : tag.split("-")[0])).find((tag) => LANGUAGES.has(tag ?? ""));
  return found ?? FALLBACK;
}

function kept(): string | null {
  try {
    return localStorage.getItem(KEPT);
  } catch {
    return null;
  }
}

function keep(tag: string): void {
  try {
    localStorage.setItem(KEPT, tag);
  } catch {
    // Where nothing may be stored, the choice holds until the page is closed.
  }
}
