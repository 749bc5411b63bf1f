import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";

const REFUSED_MS = 5000;

/** Whether news of the organization reach this page as they happen. */
export type Liveness = "connecting" | "live" | "reconnecting";

/** Follow the organization's events: whatever is told lets the lists of this key be asked for again. */
export function useLiveEvents(orgId: string, key: readonly string[]): Liveness {
  const [liveness, setLiveness] = useState<Liveness>("connecting");
  const [attempt, setAttempt] = useState(0);
  const client = useQueryClient();
  // biome-ignore lint/correctness/useExhaustiveDependencies: another attempt is another stream
  useEffect(() => {
    let again: ReturnType<typeof setTimeout> | undefined;
    // The browser connects again by itself and names the last event it has.
    const source = new EventSource(`/api/v1/${orgId}/events`);
    const refresh = () => client.invalidateQueries({ queryKey: key });
    source.onopen = () => {
      setLiveness("live");
      refresh();
    };
    source.onerror = () => {
      setLiveness("reconnecting");
      // A stream that was refused, the browser does not open again.
      if (source.readyState === EventSource.CLOSED)
        again = setTimeout(() => setAttempt((before) => before + 1), REFUSED_MS);
    };
    for (const type of TYPES) source.addEventListener(type, refresh);
    return () => {
      clearTimeout(again);
      source.close();
    };
  }, [orgId, client, key, attempt]);
  return liveness;
}

const TYPES = [
  "git.push",
  "git.pull_request",
  "git.integration.activated",
  "git.integration.suspended",
  "git.integration.revoked",
  "git.integration.permissions_changed",
  "git.repository.added",
  "git.repository.removed",
  "git.repository.renamed",
  "git.repository.updated",
  "git.link.created",
  "git.link.removed",
  "git.link.unreachable",
  "git.link.restored",
  "git.commits.claimed",
];
