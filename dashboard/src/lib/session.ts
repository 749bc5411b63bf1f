let isEnded = false;
const listeners = new Set<() => void>();

function set(next: boolean): void {
  if (isEnded === next) return;
  isEnded = next;
  for (const listener of listeners) listener();
}

/** The session ended while a page was open: nothing is requested any more until people sign in again. */
export function markSessionEnded(): void {
  set(true);
}

/** Return whether people have signed in again, in another tab, say. */
export async function resumeSession(): Promise<boolean> {
  try {
    const response = await fetch("/api/v1/user");
    if (response.ok) set(false);
    return response.ok;
  } catch {
    return false;
  }
}

export const sessionStore = {
  subscribe(listener: () => void): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  hasEnded: (): boolean => isEnded,
};
