import { getRouteApi } from "@tanstack/react-router";
import { isElsewhere } from "@/app/kit/settings/integrations/elsewhere";
import { GitProviderCard } from "@/app/kit/settings/integrations/GitProviderCard";
import { isLive } from "@/app/kit/settings/integrations/standing";
import { ConnectedNote } from "@/components/feedback/ConnectedNote";
import { ProblemAlert } from "@/components/feedback/ProblemAlert";
import { RefusedNote } from "@/components/feedback/RefusedNote";
import { Page } from "@/components/layout/Page";
import { Skeleton } from "@/components/ui/skeleton";
import { useIntegration } from "@/hooks/useIntegration";
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
      {refused && (data ? !isElsewhere(data, refused) : error) && (
        <RefusedNote code={refused} account={account} onClose={() => navigate({ search: {} })} />
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
          <GitProviderCard
            integration={data}
            organization={organization}
            refused={refused}
            refusedAccount={account}
          />
        ) : (
          !error && <Skeleton className="h-60 w-full rounded-xl" />
        )}
      </div>
    </Page>
  );
}
