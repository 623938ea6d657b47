import { type ComponentType, useEffect, useState } from "react";

import { type Loaded, notLoaded, useRetryOnline } from "../loaded";
import { Trouble } from "../trouble";
import { Waiting } from "../waiting";
import type { WatchProps } from "./watch";

/** A browser may keep in mind that a script did not come, until the page is loaded anew. The address says where one was. */
const reload = (): void => location.reload();

/** {@link WatchProps} in a script of its own: hls.js and the player are most of the page's weight, and the list needs neither. */
export function LazyWatch(props: WatchProps) {
  const [watch, setWatch] = useState<Loaded<ComponentType<WatchProps>>>({ is: "loading" });
  useEffect(() => {
    let isOver = false;
    import("./watch")
      .then(({ default: it }) => isOver || setWatch({ is: "here", it }))
      .catch((error: unknown) => isOver || setWatch(notLoaded(error)));
    return () => {
      isOver = true;
    };
  }, []);
  useRetryOnline(watch, reload);

  if (watch.is === "loading") return <Waiting />;
  if (watch.is === "not") return <Trouble kind={watch.why} onRetry={reload} />;
  return <watch.it {...props} />;
}
