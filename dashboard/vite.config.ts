import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

const service = process.env.CREWKIT_GIT_PUBLIC_URL ?? "http://127.0.0.1:3050";

// The page /docs loads Swagger UI from the service, because its content security policy allows no other server.
function copySwaggerUi(): Plugin {
  return {
    name: "copy-swagger-ui",
    generateBundle() {
      for (const name of ["swagger-ui-bundle.js", "swagger-ui.css", "LICENSE", "NOTICE"]) {
        const file = new URL(`./node_modules/swagger-ui-dist/${name}`, import.meta.url);
        this.emitFile({ type: "asset", fileName: `docs/${name}`, source: readFileSync(file) });
      }
    },
  };
}

export default defineConfig({
  base: "/kit/",
  plugins: [react(), tailwindcss(), copySwaggerUi()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  // The service puts a new value in its place with every page it serves, and names it in the page's policy.
  html: { cspNonce: "__CSP_NONCE__" },
  build: {
    // Inside the package that serves it, so that the wheel carries it.
    outDir: fileURLToPath(new URL("../src/entrypoints/rest/dashboard/files", import.meta.url)),
    emptyOutDir: true,
    // The browsers that have every part of the style sheet have all of this, too.
    target: "es2023",
    // A file as data: in a page would need the policy to allow data: for every kind of thing.
    assetsInlineLimit: 0,
  },
  server: { proxy: { "/api": service, "/dev": service, "/kit/sign-in": service } },
});
