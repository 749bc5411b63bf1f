import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useCurrentUser } from "@/hooks/useCurrentUser";
import { markSessionEnded } from "@/lib/session";
import { type Liveness, subscribe } from "@/lib/stream/shared";

/** Subscribe to the organization’s events. Each event makes the lists of this key load again. */
export function useLiveEvents(orgId: string, key: readonly string[]): Liveness {
  const [liveness, setLiveness] = useState<Liveness>("connecting");
  const { id: userId } = useCurrentUser();
  const client = useQueryClient();
  useEffect(() => {
    const refresh = () => client.invalidateQueries({ queryKey: key });
    return subscribe(userId, orgId, {
      onEvent: refresh,
      onLiveness: (next) => {
        setLiveness(next);
        if (next === "live") refresh();
        if (next === "signed_out") markSessionEnded();
      },
    });
  }, [userId, orgId, client, key]);
  return liveness;
}
