import { getRouteApi } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { Note } from "@/components/feedback/Note";
import { Page } from "@/components/layout/Page";
import { Skeleton } from "@/components/ui/skeleton";
import { useIntegration } from "@/features/integrations/useIntegration";
import { ChosenById } from "@/features/linking/ChosenById";
import { NotReady } from "@/features/linking/NotReady";
import { obstacleOf } from "@/features/linking/obstacles";
import { RepositoryChoice } from "@/features/linking/RepositoryChoice";
import { useOrganization } from "@/hooks/useOrganization";
import { denialReason } from "@/lib/permissions";

const ImportForm = lazy(async () => ({
  default: (await import("@/features/import/ImportForm")).ImportForm,
}));
const route = getRouteApi("/kit/$orgId/projects/import");

export function ImportPage() {
  const organization = useOrganization();
  const { q, repository } = route.useSearch();
  const navigate = route.useNavigate();
  const query = useIntegration(organization.id);
  const integration = query.data;
  const denial = denialReason("link", organization);
  const back = () => navigate({ search: { q } });
  const body = () => {
    if (integration?.status !== "active" && integration?.status !== "suspended")
      return <NotReady query={query} organization={organization} />;
    if (repository)
      return (
        <ChosenById orgId={organization.id} repoId={repository} onBack={back}>
          {(chosen) => (
            <Suspense fallback={<Skeleton className="h-112 w-full rounded-xl" />}>
              <ImportForm
                key={chosen.id}
                orgId={organization.id}
                repository={chosen}
                obstacle={obstacleOf(organization, integration, chosen)}
                onBack={back}
              />
            </Suspense>
          )}
        </ChosenById>
      );
    return (
      <div className="space-y-4">
        {denial && <Note tone="warning">{denial}</Note>}
        <NotReady query={query} organization={organization} />
        <RepositoryChoice
          organization={organization}
          integration={integration}
          initialText={q}
          onText={(text) => navigate({ search: { q: text || undefined }, replace: true })}
          onChoose={(id) => navigate({ search: { q, repository: id } })}
        />
      </div>
    );
  };
  return (
    <Page title="Import repository" about="Create a project from a GitHub repository.">
      {body()}
    </Page>
  );
}
