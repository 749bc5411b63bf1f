export interface Notice {
  id: number;
  text: string;
}

const MAX_NOTICES = 3;

let notices: readonly Notice[] = [];
let lastId = 0;
const listeners = new Set<() => void>();

function show(next: readonly Notice[]): void {
  notices = next;
  for (const listener of listeners) listener();
}

/** Show a short message about a completed action. Errors are shown where they happened instead. */
export function notify(text: string): void {
  lastId += 1;
  show([...notices, { id: lastId, text }].slice(-MAX_NOTICES));
}

export function dismiss(id: number): void {
  show(notices.filter((notice) => notice.id !== id));
}

export const noticeStore = {
  subscribe(listener: () => void): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  current: () => notices,
};
