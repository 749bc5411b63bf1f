import { useMutation } from "@tanstack/react-query";
import type { Deed } from "@/app/kit/settings/integrations/standing";
import { ProblemAlert } from "@/components/feedback/ProblemAlert";
import { WithReason } from "@/components/feedback/WithReason";
import { Button } from "@/components/ui/button";
import { PROVIDER } from "@/hooks/useIntegration";
import { useLeaving } from "@/hooks/useLeaving";
import { answerOf, api } from "@/lib/api/client";

/** A button that starts a connect flow, or a link to GitHub. Both return to the current page. */
export function InstallAction({
  deed,
  orgId,
  variant = "primary",
}: {
  deed: Deed;
  orgId: string;
  variant?: "primary" | "outline";
}) {
  const install = useMutation({
    mutationFn: (mode: "new" | "existing") =>
      answerOf(
        api.GET("/api/v1/git/{provider}/install", {
          params: {
            path: { provider: PROVIDER },
            query: { organization_id: orgId, return_to: window.location.pathname, mode },
          },
          headers: { accept: "application/json" },
        }),
      ),
    onSuccess: (found) => {
      if (typeof found === "object") window.location.assign(found.redirect_url);
    },
  });
  const isLeaving = useLeaving(install);
  if (deed === null) return null;
  if (deed.kind === "visit")
    return deed.url === null ? (
      <WithReason reason={deed.who}>
        <Button>{deed.words}</Button>
      </WithReason>
    ) : (
      <span className="inline-flex flex-col items-start gap-2">
        <Button asChild>
          <a href={deed.url}>{deed.words}</a>
        </Button>
        <span className="text-xs text-muted-foreground">{deed.who}</span>
      </span>
    );
  return (
    <div className="space-y-2">
      <WithReason reason={deed.refusal}>
        <Button variant={variant} disabled={isLeaving} onClick={() => install.mutate(deed.mode)}>
          {isLeaving ? "Opening GitHub…" : deed.words}
        </Button>
      </WithReason>
      {install.error && <ProblemAlert error={install.error} />}
    </div>
  );
}
