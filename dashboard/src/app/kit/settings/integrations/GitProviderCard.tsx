import { GitBranch } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { standingAfter } from "@/app/kit/settings/integrations/elsewhere";
import { InstallAction } from "@/app/kit/settings/integrations/InstallAction";
import { isLive } from "@/app/kit/settings/integrations/standing";
import { WithReason } from "@/components/feedback/WithReason";
import { Time } from "@/components/Time";
import { Badge } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { Card, CardBody, CardHeader, CardTitle } from "@/components/ui/card";
import { useLastDelivery } from "@/hooks/useLastDelivery";
import type { Integration, OrganizationOfUser } from "@/lib/api/types";
import { refusal } from "@/lib/rights";

const DisconnectDialog = lazy(async () => ({
  default: (await import("@/app/kit/settings/integrations/DisconnectDialog")).DisconnectDialog,
}));

/** The integration with GitHub: its status, and the action that helps. */
export function GitProviderCard({
  integration,
  organization,
  refused,
  refusedAccount,
}: {
  integration: Integration;
  organization: OrganizationOfUser;
  /** The error code of the connect attempt that just failed. */
  refused?: string | undefined;
  /** The GitHub account that the attempt was about. */
  refusedAccount?: string | undefined;
}) {
  const [isAsking, setAsking] = useState(false);
  const standing = standingAfter(integration, organization.role, refused, refusedAccount);
  return (
    <Card aria-labelledby="provider-name">
      <CardHeader>
        <div className="flex items-center gap-3">
          <GitBranch className="size-6" aria-hidden="true" />
          <CardTitle id="provider-name">GitHub</CardTitle>
          <Badge tone={standing.tone}>{standing.badge}</Badge>
        </div>
        <div className="flex flex-wrap gap-2">
          <InstallAction deed={standing.deed} orgId={organization.id} />
          {standing.other && (
            <InstallAction deed={standing.other} orgId={organization.id} variant="outline" />
          )}
          {isLive(integration) && (
            <WithReason reason={refusal("disconnect", organization.role)}>
              <Button variant="danger" onClick={() => setAsking(true)}>
                Disconnect
              </Button>
            </WithReason>
          )}
        </div>
      </CardHeader>
      <CardBody className="space-y-4">
        <p>{standing.sentence}</p>
        {isLive(integration) && <Facts integration={integration} orgId={organization.id} />}
      </CardBody>
      {isAsking && (
        <Suspense>
          <DisconnectDialog
            orgId={organization.id}
            account={integration.account ?? "GitHub"}
            onClose={() => setAsking(false)}
          />
        </Suspense>
      )}
    </Card>
  );
}

function Facts({ integration, orgId }: { integration: Integration; orgId: string }) {
  const { data: delivered } = useLastDelivery(orgId);
  const { account, repository_selection, connected_at, sync } = integration;
  const facts = {
    Account: account,
    Repositories: repository_selection === "all" ? "All repositories" : "Selected repositories",
    Connected: connected_at && <Time at={connected_at} />,
    "Last webhook":
      delivered === undefined ? "…" : delivered === null ? "None" : <Time at={delivered.received_at} />,
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
