import { useMutation } from "@tanstack/react-query";
import { ProblemAlert } from "@/components/feedback/ProblemAlert";
import { WithReason } from "@/components/feedback/WithReason";
import { Button } from "@/components/ui/button";
import { PROVIDER } from "@/features/integrations/useIntegration";
import { useLeaving } from "@/hooks/useLeaving";
import { api, fetchBody } from "@/lib/api/client";

/** Starts a connect flow, which returns to the current page. */
export function ConnectButton({
  orgId,
  label,
  mode,
  denialReason,
  variant,
}: {
  orgId: string;
  label: string;
  mode: "new" | "existing";
  /** Why the user’s role can’t connect GitHub, or null if it can. */
  denialReason: string | null;
  variant: "primary" | "outline";
}) {
  const connect = useMutation({
    mutationFn: () =>
      fetchBody(
        api.GET("/api/v1/git/{provider}/install", {
          params: {
            path: { provider: PROVIDER },
            query: { organization_id: orgId, return_to: window.location.pathname, mode },
          },
          headers: { accept: "application/json" },
        }),
      ),
    onSuccess: (body) => {
      if (typeof body === "object") window.location.assign(body.redirect_url);
    },
  });
  const isLeaving = useLeaving(connect);
  return (
    <div className="space-y-2">
      <WithReason reason={denialReason}>
        <Button variant={variant} disabled={isLeaving} onClick={() => connect.mutate()}>
          {isLeaving ? "Opening GitHub…" : label}
        </Button>
      </WithReason>
      {connect.error && <ProblemAlert error={connect.error} />}
    </div>
  );
}
