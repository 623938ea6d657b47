import type {
  HlsConfig,
  Loader,
  LoaderCallbacks,
  LoaderConfiguration,
  LoaderContext,
  LoaderStats,
} from "hls.js";

import { PlaybackError } from "./errors.js";
import type { Admission, GateSession } from "./session.js";

/** What hls.js makes a new one of for every request. */
export type LoaderConstructor = new (config: HlsConfig) => Loader<LoaderContext>;

/**
 * A loader for hls.js on top of another one: it sends the session along, and when the gate answers 403 it
 * has the session renewed and asks once more. hls.js itself retries no 4xx.
 */
export function gateLoader(Base: LoaderConstructor, session: GateSession): LoaderConstructor {
  return class GateLoader implements Loader<LoaderContext> {
    context: LoaderContext | null = null;
    readonly stats: LoaderStats;
    readonly #config: HlsConfig;
    #inner: Loader<LoaderContext>;
    #credentials: "include" | "omit" = "omit";
    /** Which session the request went with; null where it is none of the gate's. */
    #generation: number | null = null;
    #over = false;

    constructor(config: HlsConfig) {
      this.#config = withCredentials(config, () => this.#credentials);
      this.#inner = new Base(this.#config);
      this.stats = this.#inner.stats;
    }

    load(context: LoaderContext, config: LoaderConfiguration, callbacks: LoaderCallbacks<LoaderContext>): void {
      this.context = context;
      if (session.isBegun) return this.#first(context, config, callbacks);
      // A player that another attachment has given back loads on, while this one's session is about to begin.
      this.stats.loading.start = performance.now();
      void session.begun.then(() => {
        // Loaders of hls.js take a time that is there for a sign that they have loaded before.
        this.stats.loading.start = 0;
        if (!this.#over) this.#first(context, config, callbacks);
      });
    }

    #first(context: LoaderContext, config: LoaderConfiguration, callbacks: LoaderCallbacks<LoaderContext>): void {
      this.#send(session.admit(context.url), context, config, {
        ...callbacks,
        onError: (error, _, details, stats) => {
          const fail = (): void => {
            if (!this.#over) callbacks.onError(error, context, details, stats);
          };
          if (error.code !== 403 || this.#generation === null) return fail();
          this.#again(this.#generation, context, config, callbacks).catch(fail);
        },
      });
    }

    abort(): void {
      this.#over = true;
      this.#inner.abort();
    }

    destroy(): void {
      this.#over = true;
      this.#inner.destroy();
    }

    getCacheAge(): number | null {
      return this.#inner.getCacheAge?.() ?? null;
    }

    getResponseHeader(name: string): string | null {
      return this.#inner.getResponseHeader?.(name) ?? null;
    }

    /** The second and last time. */
    async #again(
      generation: number,
      context: LoaderContext,
      config: LoaderConfiguration,
      callbacks: LoaderCallbacks<LoaderContext>,
    ): Promise<void> {
      await session.renewAfter(generation);
      if (this.#over) return;
      this.#renewInner();
      this.#send(session.admit(context.url), context, config, {
        ...callbacks,
        onError: (error, _, details, stats) => {
          if (error.code === 403) session.settle(PlaybackError.fromStatus(403, reasonIn(details)));
          callbacks.onError(error, context, details, stats);
        },
      });
    }

    #send(
      admission: Admission | null,
      context: LoaderContext,
      config: LoaderConfiguration,
      callbacks: LoaderCallbacks<LoaderContext>,
    ): void {
      this.#credentials = admission?.credentials ?? "omit";
      this.#generation = admission?.generation ?? null;
      const url = admission?.url ?? context.url;
      const { onSuccess, onTimeout, onProgress, onAbort } = callbacks;
      // hls.js is told of the context that it knows, and of addresses without a session.
      this.#inner.load({ ...context, url }, { ...config }, {
        onSuccess: (response, stats, _, details) =>
          onSuccess({ ...response, url: session.known(response.url) }, stats, context, details),
        onError: callbacks.onError,
        onTimeout: (stats, _, details) => onTimeout(stats, context, details),
        ...(onProgress && {
          onProgress: (stats, _, data, details) => onProgress(stats, context, data, details),
        }),
        ...(onAbort && { onAbort: (stats, _, details) => onAbort(stats, context, details) }),
      });
    }

    /** A loader of hls.js loads once. The new one counts in the object that hls.js holds already. */
    #renewInner(): void {
      this.#inner.destroy();
      this.#inner = new Base(this.#config);
      Object.assign(this.stats, this.#inner.stats);
      this.#inner.stats = this.stats;
    }
  };
}

/** The gate's word, where the failed request was an XMLHttpRequest or a fetch. */
export function reasonIn(details: unknown): string | null {
  if (typeof details !== "object" || details === null) return null;
  if (typeof XMLHttpRequest !== "undefined" && details instanceof XMLHttpRequest) {
    return details.getResponseHeader("X-Reelgate-Reason");
  }
  return details instanceof Response ? details.headers.get("X-Reelgate-Reason") : null;
}

/** Both switches: that of the XHR loader and that of the fetch loader. */
function withCredentials(config: HlsConfig, credentials: () => "include" | "omit"): HlsConfig {
  const { xhrSetup, fetchSetup } = config;
  return {
    ...config,
    xhrSetup: async (xhr, url, context) => {
      await xhrSetup?.(xhr, url, context);
      xhr.withCredentials = credentials() === "include";
    },
    fetchSetup: async (context, init: RequestInit) => {
      const prepared = { ...init, credentials: credentials() };
      return fetchSetup ? await fetchSetup(context, prepared) : new Request(context.url, prepared);
    },
  };
}
