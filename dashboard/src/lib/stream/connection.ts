import { EventSourceParserStream } from "eventsource-parser/stream";
import { retryDelay } from "@/lib/stream/retries";

/** One event of an organization. Ids ascend, and the id is the cursor to continue after the event. */
export interface StreamEvent {
  id: number;
  type: string;
  /** JSON, as the service sent it. */
  data: string;
}

/** What a connection reports. */
export interface StreamListener {
  /** Events arrive from now on, those after the cursor first. */
  onOpen(): void;
  /** The connection broke, or was refused for now. It is opened again by itself. */
  onBreak(): void;
  onEvent(event: StreamEvent): void;
  /** The position of the stream, if no event reports it. */
  onPosition(id: number): void;
  /** The cursor is too old. The stream continues from the newest position that is known. */
  onExpired(): void;
  /** Nobody is signed in, or the user lost access. The connection is not opened again. */
  onRefused(status: number): void;
}

// Twice the service's heartbeat and some: a connection without a sign of life is dead.
const SILENCE_MS = 40_000;
// A connection that lasted this long does not count as a failure.
const STABLE_MS = 5000;
const REFUSALS = [401, 403, 404];
// `cursor_invalid` and `cursor_expired`.
const BAD_CURSOR = [400, 410];

/** Why one connection ended. */
type End = { kind: "refused"; status: number } | { kind: "bad cursor" } | { kind: "broken"; retryAfter: string | null };

/** Read an organization's stream until `signal` aborts, and reconnect with growing delays when it breaks. */
export async function readStream(
  orgId: string,
  listener: StreamListener,
  cursorOf: () => number | null,
  signal: AbortSignal,
): Promise<void> {
  let failures = 0;
  while (!signal.aborted) {
    const started = Date.now();
    const end = await readOnce(orgId, listener, cursorOf(), signal);
    if (signal.aborted) return;
    if (Date.now() - started > STABLE_MS) failures = 0;
    if (end.kind === "refused") return listener.onRefused(end.status);
    if (end.kind === "bad cursor") listener.onExpired();
    else listener.onBreak();
    failures += 1;
    await elapsed(retryDelay(failures, end.kind === "broken" ? end.retryAfter : null), signal);
  }
}

async function readOnce(
  orgId: string,
  listener: StreamListener,
  cursor: number | null,
  signal: AbortSignal,
): Promise<End> {
  const silence = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const expectMore = () => {
    clearTimeout(timer);
    timer = setTimeout(() => silence.abort(), SILENCE_MS);
  };
  expectMore();
  try {
    const response = await fetch(`/api/v1/${orgId}/events`, {
      headers: { accept: "text/event-stream", ...(cursor !== null && { "Last-Event-ID": String(cursor) }) },
      signal: AbortSignal.any([signal, silence.signal]),
    });
    if (REFUSALS.includes(response.status)) return { kind: "refused", status: response.status };
    if (cursor !== null && BAD_CURSOR.includes(response.status)) return { kind: "bad cursor" };
    const isStream = response.headers.get("content-type")?.startsWith("text/event-stream");
    if (!response.ok || !isStream || !response.body)
      return { kind: "broken", retryAfter: response.headers.get("retry-after") };
    listener.onOpen();
    const events = response.body
      .pipeThrough(new TextDecoderStream())
      .pipeThrough(new EventSourceParserStream({ onId: (id) => listener.onPosition(Number(id)) }));
    for (const reader = events.getReader(); ; ) {
      expectMore();
      const { value, done } = await reader.read();
      if (done) return { kind: "broken", retryAfter: null };
      if (value.event === "stream.ended" && value.data.includes('"access_ended"'))
        return { kind: "refused", status: 403 };
      if (value.event?.startsWith("git."))
        listener.onEvent({ id: Number(value.id), type: value.event, data: value.data });
    }
  } catch {
    return { kind: "broken", retryAfter: null };
  } finally {
    clearTimeout(timer);
    silence.abort();
  }
}

function elapsed(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener(
      "abort",
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}
