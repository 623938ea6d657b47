import type { Words } from "../language";

const words: Words = {
  language: "English",
  choose: "Language",
  films: "Films",
  skip: "Skip to content",
  loading: "Loading…",
  signIn: {
    title: "Sign in to watch",
    name: "Your name",
    act: "Sign in",
    failed: "That did not work. Try again in a moment.",
    refused: "Nobody can sign in by this name. Try another one.",
  },
  signOut: "Sign out",
  signOutFailed: "You are still signed in: that did not work. Try again in a moment.",
  list: {
    search: "Search",
    sort: "Sort by",
    by: { newest: "Newest first", oldest: "Oldest first", title: "Title", longest: "Longest first" },
    goOn: "Go on watching",
    all: "All films",
    left: (minutes) => `${minutes} min left`,
    count: (count) => (count === 1 ? "1 film" : `${count} films`),
    none: "There are no films yet.",
    noneFound: "No film matches your search.",
    clear: "Clear the search",
    pages: "Pages",
    previous: "Previous",
    next: "Next",
    page: (page, of) => `Page ${page} of ${of}`,
  },
  watch: {
    back: "All films",
    player: (title) => `Video player: ${title}`,
    part: (start, end) => `You are watching ${start} to ${end}.`,
    whole: "Watch the whole film",
  },
  clip: {
    title: "Link to a moment",
    start: "Start here",
    end: "End here",
    copy: "Copy link",
    link: "Link to this part",
    copied: "Copied. Whoever opens it must be allowed to watch the film.",
    byHand: "This browser lets no page copy. The link is selected: copy it by hand.",
  },
  trouble: {
    again: "Try again",
    expired: { title: "Your sign-in has ended", text: "Sign in again to go on where you were." },
    forbidden: { title: "You may not watch this film", text: "Your account has no access to it. Whoever runs this portal can change that." },
    missing: { title: "There is no film here", text: "It may not be ready yet, or it has been taken away." },
    offline: { title: "No connection", text: "It goes on by itself when the connection is back." },
    unreachable: { title: "No answer", text: "Your connection is disturbed, or this portal is. Try again in a moment." },
    down: { title: "Something is out of order here", text: "It is not you. Try again in a few minutes." },
    barred: { title: "You may not watch any film here", text: "Your account has no access yet. Whoever runs this portal can change that." },
    broken: { title: "This browser cannot play the film", text: "An update of the browser, or another one, may help." },
  },
  // The player's own words are English.
  player: {},
};

export default words;
