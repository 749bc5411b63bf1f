import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";
import { useCurrentUser } from "@/hooks/useCurrentUser";
import { repositoriesKey } from "@/hooks/useRepositories";
import { forgetPlace, placeInStream } from "@/lib/placeInStream";
import { markSessionEnded } from "@/lib/session";
import type { StreamEvent } from "@/lib/stream/connection";
import { subscribe } from "@/lib/stream/shared";

/** A repository that was added to the integration. */
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
// Many may arrive at once, so they are collected before the list is loaded again.
const GATHERED_MS = 1000;

/**
 * Return the repositories that were added since the person left for GitHub, and while this page is open.
 *
 * The stream is read from its position at that time, so that no event is missed. The lists are loaded again.
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
