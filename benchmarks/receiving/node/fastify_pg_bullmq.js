// Fastify, pg and one BullMQ job per event.
import { Queue } from "bullmq";
import { serve } from "./fastify_receiver.js";
import { redisOptions } from "./shared.js";

const queue = new Queue("deliveries", { connection: redisOptions });

await serve((id) => queue.add("process", { id }));
