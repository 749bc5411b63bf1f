import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";
import { repositoriesKey } from "@/hooks/useRepositories";
import { forgetPlace, placeInStream } from "@/lib/placeInStream";

/** A repository that came into sight. */
export interface Arrival {
  id: string;
  fullName: string;
}

const TYPES = [
  "git.repository.added",
  "git.repository.removed",
  "git.repository.renamed",
  "git.repository.updated",
  "git.link.created",
  "git.link.removed",
];
// Many may come at once; the list is asked for again when they have.
const GATHERED_MS = 1000;

/**
 * What the integration came to see since one left for the provider's page, and while this page is open.
 *
 * The stream is read from where it was then, so that nothing is missed on the way; the lists follow it.
 */
export function useArrivals(orgId: string): { arrivals: readonly Arrival[]; dismiss: () => void } {
  const [arrivals, setArrivals] = useState<readonly Arrival[]>([]);
  const forget = useRef(() => {});
  const client = useQueryClient();
  useEffect(() => {
    const place = placeInStream(orgId);
    const query = new URLSearchParams({ type: TYPES.join(","), ...(place && { cursor: place }) });
    const source = new EventSource(`/api/v1/${orgId}/events?${query}`);
    const arrived = new Map<string, Arrival>();
    forget.current = () => arrived.clear();
    let gathering: ReturnType<typeof setTimeout> | undefined;
    const hear = ({ type, data }: MessageEvent<string>) => {
      const told = JSON.parse(data).data as { repo_id: string; full_name: string };
      if (type === "git.repository.removed") arrived.delete(told.repo_id);
      if (type === "git.repository.added")
        arrived.set(told.repo_id, { id: told.repo_id, fullName: told.full_name });
      gathering ??= setTimeout(() => {
        gathering = undefined;
        setArrivals([...arrived.values()]);
        client.invalidateQueries({ queryKey: repositoriesKey(orgId) });
      }, GATHERED_MS);
    };
    for (const type of TYPES) source.addEventListener(type, hear);
    // A place that is not kept any more is refused, for good. Leaving the page ends the stream, too.
    let isOpen = false;
    source.onopen = () => {
      isOpen = true;
    };
    source.onerror = () => {
      if (!isOpen && source.readyState === EventSource.CLOSED) forgetPlace(orgId);
    };
    return () => {
      clearTimeout(gathering);
      source.close();
    };
  }, [orgId, client]);
  const dismiss = useCallback(() => {
    forgetPlace(orgId);
    forget.current();
    setArrivals([]);
  }, [orgId]);
  return { arrivals, dismiss };
}
