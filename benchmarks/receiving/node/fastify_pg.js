// Fastify and pg, no queue.
import { serve } from "./fastify_receiver.js";

await serve(async () => {});
