import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({
  // Relative addresses: the built folder can be served under any path.
  base: "./",
  plugins: [react()],
  build: {
    // hls.js with all it can do is the most of one file of 840 kB, fetched when a film is opened.
    chunkSizeWarningLimit: 1000,
  },
});
