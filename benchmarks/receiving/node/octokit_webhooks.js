// @octokit/webhooks on Node's own HTTP server: verifies, parses and dispatches, stores nothing.
import { createServer } from "node:http";
import { Webhooks, createNodeMiddleware } from "@octokit/webhooks";
import { PORT, WEBHOOK_PATH, WEBHOOK_SECRET } from "./shared.js";

const webhooks = new Webhooks({ secret: WEBHOOK_SECRET });
webhooks.on("push", () => {});

createServer(createNodeMiddleware(webhooks, { path: WEBHOOK_PATH })).listen(Number(PORT), "127.0.0.1");
