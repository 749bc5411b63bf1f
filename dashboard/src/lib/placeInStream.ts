/** The position in the event stream when the person left for GitHub. */
const keyOf = (orgId: string) => `crewkit-left-${orgId}`;
const KEPT_MS = 30 * 60_000;
const PATIENCE_MS = 1500;

/** Remember the position of the stream in this tab, to show what is new when the person returns. */
export async function rememberPlace(orgId: string): Promise<void> {
  const place = await currentPlace(orgId);
  if (place) sessionStorage.setItem(keyOf(orgId), JSON.stringify({ place, at: Date.now() }));
}

/** Return the remembered position, or null if it is older than 30 minutes. */
export function placeInStream(orgId: string): string | null {
  const kept = sessionStorage.getItem(keyOf(orgId));
  if (!kept) return null;
  const { place, at } = JSON.parse(kept) as { place: string; at: number };
  return Date.now() - at < KEPT_MS ? place : null;
}

export function forgetPlace(orgId: string): void {
  sessionStorage.removeItem(keyOf(orgId));
}

/** Return the position of the stream. It is sent first, but `EventSource` does not expose it. */
async function currentPlace(orgId: string): Promise<string | null> {
  const leaving = new AbortController();
  const timer = setTimeout(() => leaving.abort(), PATIENCE_MS);
  try {
    const answer = await fetch(`/api/v1/${orgId}/events`, { signal: leaving.signal });
    if (!answer.ok || !answer.body) return null;
    let begun = "";
    for (const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader(); ; ) {
      const { value, done } = await reader.read();
      begun += value ?? "";
      const found = /^id: (\d+)$/m.exec(begun);
      if (found || done) return found?.[1] ?? null;
    }
  } catch {
    // Without the position, only the list of new repositories is missing.
    return null;
  } finally {
    clearTimeout(timer);
    leaving.abort();
  }
}
