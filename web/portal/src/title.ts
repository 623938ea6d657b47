import { useEffect } from "react";

/** Names the page, the portal last: `what` is a film or a form, and null for the portal's own list. */
export function useTitle(what: string | null, portal: string): void {
  useEffect(() => {
    document.title = what === null ? portal : `${what} · ${portal}`;
  }, [what, portal]);
}
