const STORAGE_PREFIX = "crewkit-left-";
const MAX_AGE_MS = 30 * 60_000;
const TIMEOUT_MS = 1500;

const keyOf = (orgId: string) => STORAGE_PREFIX + orgId;

/** Store the position of the stream in this tab, to show what is new when the person returns from GitHub. */
export async function rememberPosition(orgId: string): Promise<void> {
  const position = await fetchPosition(orgId);
  if (position) sessionStorage.setItem(keyOf(orgId), JSON.stringify({ position, at: Date.now() }));
}

/** Return the stored position, or null if it is older than 30 minutes. */
export function positionInStream(orgId: string): string | null {
  const stored = sessionStorage.getItem(keyOf(orgId));
  if (!stored) return null;
  const { position, at } = JSON.parse(stored) as { position: string; at: number };
  return Date.now() - at < MAX_AGE_MS ? position : null;
}

export function forgetPosition(orgId: string): void {
  sessionStorage.removeItem(keyOf(orgId));
}

/** Return the position of the stream. It is sent first, but `EventSource` does not expose it. */
async function fetchPosition(orgId: string): Promise<string | null> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), TIMEOUT_MS);
  try {
    const response = await fetch(`/api/v1/${orgId}/events`, { signal: controller.signal });
    if (!response.ok || !response.body) return null;
    let text = "";
    for (const reader = response.body.pipeThrough(new TextDecoderStream()).getReader(); ; ) {
      const { value, done } = await reader.read();
      text += value ?? "";
      const match = /^id: (\d+)$/m.exec(text);
      if (match || done) return match?.[1] ?? null;
    }
  } catch {
    // Without the position, only the list of new repositories is missing.
    return null;
  } finally {
    clearTimeout(timer);
    controller.abort();
  }
}
