import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";
import { useCurrentUser } from "@/hooks/useCurrentUser";
import { repositoriesKey } from "@/hooks/useRepositories";
import { forgetPlace, placeInStream } from "@/lib/placeInStream";
import { markSessionEnded } from "@/lib/session";
import type { StreamEvent } from "@/lib/stream/connection";
import { subscribe } from "@/lib/stream/shared";

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
  const { id: userId } = useCurrentUser();
  const client = useQueryClient();
  useEffect(() => {
    const place = placeInStream(orgId);
    const arrived = new Map<string, Arrival>();
    forget.current = () => arrived.clear();
    let gathering: ReturnType<typeof setTimeout> | undefined;
    const onEvent = ({ type, data }: StreamEvent) => {
      if (!TYPES.includes(type)) return;
      const repository = JSON.parse(data).data as { repo_id: string; full_name: string };
      if (type === "git.repository.removed") arrived.delete(repository.repo_id);
      if (type === "git.repository.added")
        arrived.set(repository.repo_id, { id: repository.repo_id, fullName: repository.full_name });
      gathering ??= setTimeout(() => {
        gathering = undefined;
        setArrivals([...arrived.values()]);
        client.invalidateQueries({ queryKey: repositoriesKey(orgId) });
      }, GATHERED_MS);
    };
    const unsubscribe = subscribe(userId, orgId, {
      after: place === null ? null : Number(place),
      onEvent,
      onExpired: () => forgetPlace(orgId),
      onLiveness: (next) => {
        if (next === "signed_out") markSessionEnded();
      },
    });
    return () => {
      clearTimeout(gathering);
      unsubscribe();
    };
  }, [userId, orgId, client]);
  const dismiss = useCallback(() => {
    forgetPlace(orgId);
    forget.current();
    setArrivals([]);
  }, [orgId]);
  return { arrivals, dismiss };
}
