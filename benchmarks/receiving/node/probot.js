// Probot with one onAny handler: verifies, parses, prepares a client for the installation, stores nothing.
import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import { createNodeMiddleware, createProbot } from "probot";
import { PORT, WEBHOOK_PATH, WEBHOOK_SECRET } from "./shared.js";

const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const probot = createProbot({
  env: {},
  overrides: {
    appId: 123456,
    privateKey: privateKey.export({ type: "pkcs8", format: "pem" }),
    secret: WEBHOOK_SECRET,
    logLevel: "warn",
  },
});
const app = (probot) => probot.onAny(() => {});
const middleware = await createNodeMiddleware(app, { probot, webhooksPath: WEBHOOK_PATH });

createServer(middleware).listen(Number(PORT), "127.0.0.1");
