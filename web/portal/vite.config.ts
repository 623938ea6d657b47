import { defineConfig } from "vite";

export default defineConfig({
  // Relative addresses: the built folder can be served under any path.
  base: "./",
  build: {
    // hls.js with all it can do is the most of one file of 840 kB, fetched when a film is opened.
    chunkSizeWarningLimit: 1000,
    rollupOptions: {
      // vidstack marks its modules for frameworks that render on a server. Here they mean nothing.
      onwarn: (warning, warn) => {
        if (warning.code !== "MODULE_LEVEL_DIRECTIVE") warn(warning);
      },
    },
  },
});
