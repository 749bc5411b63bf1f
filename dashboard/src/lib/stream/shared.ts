import { sessionStore } from "@/lib/session";
import { readStream, type StreamEvent } from "@/lib/stream/connection";

/** Whether events of the organization reach this tab as they happen. */
export type Liveness = "connecting" | "live" | "reconnecting" | "signed_out" | "refused";

export interface Subscriber {
  /** Events up to this id are known; those after it that are still kept are replayed. */
  after?: number | null;
  onEvent?: (event: StreamEvent) => void;
  onLiveness?: (liveness: Liveness) => void;
  /** The service does not keep all events after `after` any more. */
  onExpired?: () => void;
}

/** The messages between the tabs of one browser. */
type Message =
  | { kind: "event"; event: StreamEvent }
  | { kind: "position"; id: number }
  | { kind: "liveness"; liveness: Liveness }
  | { kind: "expired" }
  // To the tab that reads the stream: send the current state, or read again from an earlier place.
  | { kind: "hello" }
  | { kind: "replay"; after: number };

/**
 * One stream of an organization's events for all tabs of a browser.
 *
 * Over HTTP/1.1 a browser opens six connections to a host, so that one stream per tab leaves none for the
 * seventh. The visible tabs compete for a lock. The tab that has it reads the stream and broadcasts what
 * arrives; when it is closed or hidden, the next one continues from the last id.
 */
export class SharedStream {
  private readonly subscribers = new Map<Subscriber, number>();
  private readonly channel: BroadcastChannel;
  private readonly closing = new AbortController();
  // Exists while the tab is visible; aborted when the tab is hidden.
  private competing: AbortController | null = null;
  // Exists while this tab reads the stream; null in all other tabs.
  private connection: AbortController | null = null;
  private position: number | null = null;
  private replayFrom: number | null = null;
  private current: Liveness = "connecting";
  private readonly unfollowSession = sessionStore.subscribe(() => {
    if (sessionStore.hasEnded()) this.stopCompeting();
    else this.startCompeting();
  });

  constructor(
    private readonly orgId: string,
    private readonly name: string,
  ) {
    this.channel = new BroadcastChannel(name);
    this.channel.onmessage = ({ data }: MessageEvent<Message>) => this.receive(data);
    document.addEventListener("visibilitychange", this.followVisibility, { signal: this.closing.signal });
    this.followVisibility();
  }

  get isEmpty(): boolean {
    return this.subscribers.size === 0;
  }

  add(subscriber: Subscriber): void {
    const after = subscriber.after ?? null;
    this.subscribers.set(subscriber, after ?? this.position ?? 0);
    if (after !== null && (this.position === null || after < this.position)) this.replay(after);
    subscriber.onLiveness?.(this.current);
  }

  remove(subscriber: Subscriber): void {
    this.subscribers.delete(subscriber);
  }

  close(): void {
    this.closing.abort();
    this.unfollowSession();
    this.competing?.abort();
    this.channel.close();
  }

  private readonly followVisibility = (): void => {
    if (document.visibilityState === "hidden") {
      this.stopCompeting();
      return;
    }
    // The tab may have missed events while it was hidden, so the next state refreshes it once.
    this.become("connecting");
    this.startCompeting();
    this.send({ kind: "hello" });
  };

  private startCompeting(): void {
    if (this.competing || this.closing.signal.aborted) return;
    if (document.visibilityState === "hidden" || sessionStore.hasEnded()) return;
    this.competing = new AbortController();
    void this.compete(this.competing.signal);
  }

  private stopCompeting(): void {
    this.competing?.abort();
    this.competing = null;
  }

  private async compete(signal: AbortSignal): Promise<void> {
    // Browsers have locks in secure contexts only. Without them each tab reads its own stream.
    if (!navigator.locks) return this.read(signal);
    try {
      await navigator.locks.request(this.name, { signal }, () => this.read(signal));
    } catch {
      // Hidden or closed before the lock was free.
    }
  }

  private async read(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const connection = new AbortController();
      this.connection = connection;
      await readStream(
        this.orgId,
        {
          onOpen: () => this.share({ kind: "liveness", liveness: "live" }),
          onBreak: () => this.share({ kind: "liveness", liveness: "reconnecting" }),
          onEvent: (event) => this.share({ kind: "event", event }),
          onPosition: (id) => this.share({ kind: "position", id }),
          onExpired: () => {
            if (this.replayFrom === null) this.position = null;
            this.replayFrom = null;
            this.share({ kind: "expired" });
          },
          onRefused: (status) => this.share({ kind: "liveness", liveness: status === 401 ? "signed_out" : "refused" }),
        },
        () => this.replayFrom ?? this.position,
        AbortSignal.any([signal, connection.signal]),
      );
      this.connection = null;
    }
  }

  private send(message: Message): void {
    this.channel.postMessage(message);
  }

  private share(message: Message): void {
    this.send(message);
    this.receive(message);
  }

  private receive(message: Message): void {
    switch (message.kind) {
      case "event":
        this.advance(message.event.id);
        this.deliver(message.event);
        break;
      case "position":
        this.advance(message.id);
        break;
      case "liveness":
        this.become(message.liveness);
        break;
      case "expired":
        for (const subscriber of this.subscribers.keys()) subscriber.onExpired?.();
        break;
      case "hello":
        if (this.connection) this.send({ kind: "liveness", liveness: this.current });
        break;
      case "replay":
        if (this.connection) this.replay(message.after);
        break;
    }
  }

  private advance(id: number): void {
    // An interrupted replay continues until it reaches the position that the tabs know.
    if (this.replayFrom !== null) this.replayFrom = this.position !== null && id < this.position ? id : null;
    if (this.position === null || id > this.position) this.position = id;
  }

  private deliver(event: StreamEvent): void {
    for (const [subscriber, seen] of this.subscribers) {
      if (event.id <= seen) continue;
      this.subscribers.set(subscriber, event.id);
      subscriber.onEvent?.(event);
    }
  }

  private become(liveness: Liveness): void {
    if (this.current === liveness) return;
    const wasStopped = isFinal(this.current);
    this.current = liveness;
    // After a refusal no tab asks again by itself, until one is shown or finds that people have signed in.
    if (isFinal(liveness)) this.stopCompeting();
    else if (wasStopped) this.startCompeting();
    for (const subscriber of this.subscribers.keys()) subscriber.onLiveness?.(liveness);
  }

  /** Read the stream again from an earlier place. Subscribers skip what they know. */
  private replay(after: number): void {
    this.replayFrom = Math.min(after, this.replayFrom ?? after);
    if (this.connection) this.connection.abort();
    else this.send({ kind: "replay", after });
  }
}

function isFinal(liveness: Liveness): boolean {
  return liveness === "signed_out" || liveness === "refused";
}

const streams = new Map<string, SharedStream>();

/** Subscribe to an organization's events as a user; returns the function that ends the subscription. */
export function subscribe(userId: string, orgId: string, subscriber: Subscriber): () => void {
  // Not shared between people who use one browser one after the other.
  const name = `crewkit-events-${userId}-${orgId}`;
  const stream = streams.get(name) ?? new SharedStream(orgId, name);
  streams.set(name, stream);
  stream.add(subscriber);
  return () => {
    stream.remove(subscriber);
    if (!stream.isEmpty) return;
    stream.close();
    streams.delete(name);
  };
}
