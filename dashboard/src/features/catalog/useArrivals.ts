import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";
import { repositoriesKey } from "@/features/catalog/useRepositories";
import { useCurrentUser } from "@/hooks/useCurrentUser";
import { markSessionEnded } from "@/lib/session";
import type { StreamEvent } from "@/lib/stream/connection";
import { forgetPosition, positionInStream } from "@/lib/stream/position";
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
const BATCH_DELAY_MS = 1000;

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
    const position = positionInStream(orgId);
    const arrived = new Map<string, Arrival>();
    forget.current = () => arrived.clear();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const onEvent = ({ type, data }: StreamEvent) => {
      if (!TYPES.includes(type)) return;
      const repository = JSON.parse(data).data as { repo_id: string; full_name: string };
      if (type === "git.repository.removed") arrived.delete(repository.repo_id);
      if (type === "git.repository.added")
        arrived.set(repository.repo_id, { id: repository.repo_id, fullName: repository.full_name });
      timer ??= setTimeout(() => {
        timer = undefined;
        setArrivals([...arrived.values()]);
        client.invalidateQueries({ queryKey: repositoriesKey(orgId) });
      }, BATCH_DELAY_MS);
    };
    const unsubscribe = subscribe(userId, orgId, {
      after: position === null ? null : Number(position),
      onEvent,
      onExpired: () => forgetPosition(orgId),
      onLiveness: (next) => {
        if (next === "signed_out") markSessionEnded();
      },
    });
    return () => {
      clearTimeout(timer);
      unsubscribe();
    };
  }, [userId, orgId, client]);
  const dismiss = useCallback(() => {
    forgetPosition(orgId);
    forget.current();
    setArrivals([]);
  }, [orgId]);
  return { arrivals, dismiss };
}
