import { useSyncExternalStore } from "react";

const TICK_MS = 30_000;

let ticks = 0;
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    ticks += 1;
    for (const listener of listeners) listener();
  }, TICK_MS);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** Render again every half minute, so that "just now" does not stay. One timer serves all of a page. */
export function useTick(): void {
  useSyncExternalStore(subscribe, () => ticks);
}
