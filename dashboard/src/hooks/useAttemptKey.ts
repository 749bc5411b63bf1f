import { useRef } from "react";

/**
 * Give the key of an attempt: the same for whatever was not changed since, a new one after any change.
 *
 * Sent twice, by a second click or after an answer was lost, a request is done once.
 */
export function useAttemptKey(): (body: unknown) => string {
  const attempt = useRef({ of: "", key: "" });
  return (body) => {
    const of = JSON.stringify(body);
    if (attempt.current.of !== of) attempt.current = { of, key: crypto.randomUUID() };
    return attempt.current.key;
  };
}
