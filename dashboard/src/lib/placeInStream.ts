/** Where an organization's stream of events was when somebody left for the provider's page. */
const keyOf = (orgId: string) => `crewkit-left-${orgId}`;
const KEPT_MS = 30 * 60_000;
const PATIENCE_MS = 1500;

/** Remember how far the stream is, in this tab: whoever comes back is told what happened since. */
export async function rememberPlace(orgId: string): Promise<void> {
  const place = await currentPlace(orgId);
  if (place) sessionStorage.setItem(keyOf(orgId), JSON.stringify({ place, at: Date.now() }));
}

/** Give the place that was remembered, unless that was long ago. */
export function placeInStream(orgId: string): string | null {
  const kept = sessionStorage.getItem(keyOf(orgId));
  if (!kept) return null;
  const { place, at } = JSON.parse(kept) as { place: string; at: number };
  return Date.now() - at < KEPT_MS ? place : null;
}

export function forgetPlace(orgId: string): void {
  sessionStorage.removeItem(keyOf(orgId));
}

/** A stream begins by telling where it is, before anything happens; a browser's own reader keeps that to itself. */
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
    // Without it nothing is lost but the note of what is new.
    return null;
  } finally {
    clearTimeout(timer);
    leaving.abort();
  }
}
