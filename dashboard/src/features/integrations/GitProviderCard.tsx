import { GitBranch } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { WithReason } from "@/components/feedback/WithReason";
import { Time } from "@/components/Time";
import { Badge } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { Card, CardBody, CardHeader, CardTitle } from "@/components/ui/card";
import { statusAfterConnecting } from "@/features/integrations/connectResult";
import { isLive } from "@/features/integrations/integrationStatus";
import { useLastDelivery } from "@/features/integrations/useLastDelivery";
import { RemedyAction } from "@/features/remedies/RemedyAction";
import type { Integration, OrganizationOfUser } from "@/lib/api/types";
import { denialReason } from "@/lib/permissions";

const DisconnectDialog = lazy(async () => ({
  default: (await import("@/features/integrations/DisconnectDialog")).DisconnectDialog,
}));

/** The integration with GitHub: its status, and the action that helps. */
export function GitProviderCard({
  integration,
  organization,
  errorCode,
  errorAccount,
}: {
  integration: Integration;
  organization: OrganizationOfUser;
  /** The error code of the connect attempt that just failed. */
  errorCode?: string | undefined;
  /** The GitHub account that the attempt was about. */
  errorAccount?: string | undefined;
}) {
  const [isConfirming, setConfirming] = useState(false);
  const status = statusAfterConnecting(integration, organization, errorCode, errorAccount);
  return (
    <Card aria-labelledby="provider-name">
      <CardHeader>
        <div className="flex items-center gap-3">
          <GitBranch className="size-6" aria-hidden="true" />
          <CardTitle id="provider-name">GitHub</CardTitle>
          <Badge tone={status.tone}>{status.badge}</Badge>
        </div>
        <div className="flex flex-wrap gap-2">
          {status.remedies.map((remedy, index) => (
            <RemedyAction
              key={remedy.label}
              remedy={remedy}
              orgId={organization.id}
              variant={index === 0 ? "primary" : "outline"}
            />
          ))}
          {isLive(integration) && (
            <WithReason reason={denialReason("disconnect", organization)}>
              <Button variant="danger" onClick={() => setConfirming(true)}>
                Disconnect
              </Button>
            </WithReason>
          )}
        </div>
      </CardHeader>
      <CardBody className="space-y-4">
        <p>{status.message}</p>
        {isLive(integration) && <Facts integration={integration} orgId={organization.id} />}
      </CardBody>
      {isConfirming && (
        <Suspense>
          <DisconnectDialog
            orgId={organization.id}
            account={integration.account ?? "GitHub"}
            onClose={() => setConfirming(false)}
          />
        </Suspense>
      )}
    </Card>
  );
}

function Facts({ integration, orgId }: { integration: Integration; orgId: string }) {
  const { data: delivery } = useLastDelivery(orgId);
  const { account, repository_selection, connected_at, sync } = integration;
  const facts = {
    Account: account,
    Repositories: repository_selection === "all" ? "All repositories" : "Selected repositories",
    Connected: connected_at && <Time at={connected_at} />,
    "Last webhook": delivery === undefined ? "…" : delivery === null ? "None" : <Time at={delivery.received_at} />,
    "Repository list": sync?.synced_at ? (
      <>
        Updated <Time at={sync.synced_at} />
      </>
    ) : sync?.state === "running" ? (
      "Syncing…"
    ) : (
      "Not synced yet"
    ),
  };
  return (
    <dl className="grid gap-x-8 gap-y-3 text-sm sm:grid-cols-2">
      {Object.entries(facts).map(([name, value]) => (
        <div key={name}>
          <dt className="text-muted-foreground">{name}</dt>
          <dd>{value ?? "–"}</dd>
        </div>
      ))}
    </dl>
  );
}
