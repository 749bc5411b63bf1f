import { useMutation } from "@tanstack/react-query";
import { ExternalLink } from "lucide-react";
import { ProblemAlert } from "@/components/feedback/ProblemAlert";
import { Button } from "@/components/ui/button";
import { PROVIDER } from "@/features/integrations/useIntegration";
import { useLeaving } from "@/hooks/useLeaving";
import { api, fetchBody } from "@/lib/api/client";
import { rememberPosition } from "@/lib/stream/position";

/** Opens the GitHub page that sets which repositories the app can access. Saving there returns to this page. */
export function AdjustAccess({
  orgId,
  label = "Adjust access on GitHub",
  isMain = false,
}: {
  orgId: string;
  label?: string;
  isMain?: boolean;
}) {
  const leave = useMutation({
    mutationFn: async () => {
      await rememberPosition(orgId);
      const return_to = window.location.pathname + window.location.search;
      return fetchBody(
        api.GET("/api/v1/git/{provider}/manage", {
          params: { path: { provider: PROVIDER }, query: { organization_id: orgId, return_to } },
          headers: { accept: "application/json" },
        }),
      );
    },
    onSuccess: (body) => {
      if (typeof body === "object") window.location.assign(body.redirect_url);
    },
  });
  const isLeaving = useLeaving(leave);
  return (
    <span className="inline-flex flex-col items-start gap-2">
      <Button variant={isMain ? "primary" : "outline"} disabled={isLeaving} onClick={() => leave.mutate()}>
        {isLeaving ? "Opening GitHub…" : label}
        <ExternalLink aria-hidden="true" />
      </Button>
      <span className="text-xs text-muted-foreground">Requires permission to manage the GitHub account.</span>
      {leave.error && <ProblemAlert error={leave.error} />}
    </span>
  );
}
