// What the contenders on Node have in common: their place, and GitHub's signature.
import { createHmac, timingSafeEqual } from "node:crypto";

export const { PORT, DATABASE_URL, WEBHOOK_PATH, WEBHOOK_SECRET } = process.env;

const redis = new URL(process.env.REDIS_URL);
export const redisOptions =
  redis.protocol === "unix:" ? { path: redis.pathname } : { host: redis.hostname, port: Number(redis.port) };

export function isValid(body, header = "") {
  const expected = Buffer.from(`sha256=${createHmac("sha256", WEBHOOK_SECRET).update(body).digest("hex")}`);
  const given = Buffer.from(header);
  return given.length === expected.length && timingSafeEqual(given, expected);
}
