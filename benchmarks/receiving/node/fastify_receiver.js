// Fastify and pg: verify, parse, store once; onStored is called with the new row's id before the answer.
import Fastify from "fastify";
import pg from "pg";
import { DATABASE_URL, PORT, WEBHOOK_PATH, isValid } from "./shared.js";

const INSERT = {
  name: "insert",
  text: `INSERT INTO deliveries (delivery_id, event_type, installation_id, payload) VALUES ($1, $2, $3, $4)
         ON CONFLICT (delivery_id) DO NOTHING RETURNING id`,
};

export async function serve(onStored) {
  const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 16, idleTimeoutMillis: 0 });
  const app = Fastify({ bodyLimit: 25 * 1024 * 1024 });
  app.addContentTypeParser("application/json", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
  app.post(WEBHOOK_PATH, async (request, reply) => {
    const { headers, body } = request;
    if (!isValid(body, headers["x-hub-signature-256"])) return reply.code(401).send();
    const text = body.toString("utf8");
    const installation = JSON.parse(text).installation?.id ?? null;
    const values = [headers["x-github-delivery"], headers["x-github-event"], installation, text];
    const { rows } = await pool.query({ ...INSERT, values });
    if (rows.length > 0) await onStored(rows[0].id);
    return reply.code(202).send();
  });
  await app.listen({ host: "127.0.0.1", port: Number(PORT) });
}
