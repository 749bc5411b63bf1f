export interface Notice {
  id: number;
  text: string;
}

const MOST = 3;

let notices: readonly Notice[] = [];
let lastId = 0;
const listeners = new Set<() => void>();

function show(next: readonly Notice[]): void {
  notices = next;
  for (const listener of listeners) listener();
}

/** Tell that something is done. What went wrong stands where it happened, and stays: never in a notice. */
export function notify(text: string): void {
  lastId += 1;
  show([...notices, { id: lastId, text }].slice(-MOST));
}

export function dismiss(id: number): void {
  show(notices.filter((one) => one.id !== id));
}

export const noticeStore = {
  subscribe(listener: () => void): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  current: () => notices,
};
