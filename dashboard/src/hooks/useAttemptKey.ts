import { useRef } from "react";

/**
 * Return a function that gives the idempotency key of a request: the same key until the body changes.
 *
 * A request that is sent twice, after a double click or a lost response, is performed once.
 */
export function useAttemptKey(): (body: unknown) => string {
  const attempt = useRef({ of: "", key: "" });
  return (body) => {
    const of = JSON.stringify(body);
    if (attempt.current.of !== of) attempt.current = { of, key: crypto.randomUUID() };
    return attempt.current.key;
  };
}
