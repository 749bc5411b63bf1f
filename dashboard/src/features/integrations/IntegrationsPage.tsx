import { getRouteApi } from "@tanstack/react-router";
import { ProblemAlert } from "@/components/feedback/ProblemAlert";
import { Page } from "@/components/layout/Page";
import { Skeleton } from "@/components/ui/skeleton";
import { ConnectErrorNote } from "@/features/integrations/ConnectErrorNote";
import { ConnectedNote } from "@/features/integrations/ConnectedNote";
import { isConnectedElsewhere } from "@/features/integrations/connectResult";
import { GitProviderCard } from "@/features/integrations/GitProviderCard";
import { isLive } from "@/features/integrations/integrationStatus";
import { useIntegration } from "@/features/integrations/useIntegration";
import { useOrganization } from "@/hooks/useOrganization";
import { ago } from "@/lib/time";

const route = getRouteApi("/kit/$orgId/settings/integrations");

export function IntegrationsPage() {
  const { refused, account, connected } = route.useSearch();
  const navigate = route.useNavigate();
  const organization = useOrganization();
  const { data, error, dataUpdatedAt, refetch } = useIntegration(organization.id);
  return (
    <Page title="Integrations" about="Connect GitHub to import repositories and receive their events.">
      {refused && (data ? !isConnectedElsewhere(data, refused) : error) && (
        <ConnectErrorNote code={refused} account={account} onClose={() => navigate({ search: {} })} />
      )}
      {connected && data && isLive(data) && (
        <ConnectedNote account={data.account ?? "your account"} onClose={() => navigate({ search: {} })} />
      )}
      <div className="space-y-4">
        {error && (
          <ProblemAlert error={error} onRetry={() => refetch()}>
            {data && <p>Showing data from {ago(new Date(dataUpdatedAt))}.</p>}
          </ProblemAlert>
        )}
        {data ? (
          <GitProviderCard integration={data} organization={organization} errorCode={refused} errorAccount={account} />
        ) : (
          !error && <Skeleton className="h-60 w-full rounded-xl" />
        )}
      </div>
    </Page>
  );
}
