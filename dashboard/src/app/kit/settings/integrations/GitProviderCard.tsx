import { GitBranch } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { InstallAction } from "@/app/kit/settings/integrations/InstallAction";
import { isLive, standingOf } from "@/app/kit/settings/integrations/standing";
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

/** Where the organization stands with GitHub: one sentence, one action. */
export function GitProviderCard({
  integration,
  organization,
  refused,
  refusedAccount,
}: {
  integration: Integration;
  organization: OrganizationOfUser;
  /** What a flow in the browser was refused for. */
  refused?: string | undefined;
  /** The account at the provider that was refused. */
  refusedAccount?: string | undefined;
}) {
  const [isAsking, setAsking] = useState(false);
  const standing = standingOf(integration, organization.role, refused, refusedAccount);
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
    Repositories: repository_selection === "all" ? "All of them" : "Those chosen on GitHub",
    Connected: connected_at && <Time at={connected_at} />,
    "Last delivery":
      delivered === undefined ? "…" : delivered === null ? "None yet" : <Time at={delivered.received_at} />,
    "List of repositories": sync?.synced_at ? (
      <Time at={sync.synced_at} />
    ) : sync?.state === "running" ? (
      "Loading"
    ) : (
      "Not loaded yet"
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
