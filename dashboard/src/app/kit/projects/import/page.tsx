import { getRouteApi } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { ChosenById } from "@/app/kit/projects/ChosenById";
import { NotReady } from "@/app/kit/projects/NotReady";
import { obstacleOf } from "@/app/kit/projects/obstacles";
import { RepositoryChoice } from "@/app/kit/projects/RepositoryChoice";
import { Note } from "@/components/feedback/Note";
import { Page } from "@/components/layout/Page";
import { Skeleton } from "@/components/ui/skeleton";
import { useIntegration } from "@/hooks/useIntegration";
import { useOrganization } from "@/hooks/useOrganization";
import { refusal } from "@/lib/rights";

const ImportForm = lazy(async () => ({
  default: (await import("@/app/kit/projects/import/ImportForm")).ImportForm,
}));
const route = getRouteApi("/kit/$orgId/projects/import");

export function ImportPage() {
  const organization = useOrganization();
  const { q, repository } = route.useSearch();
  const navigate = route.useNavigate();
  const query = useIntegration(organization.id);
  const integration = query.data;
  const why = refusal("import", organization.role);
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
                obstacle={obstacleOf("import", organization.role, integration, chosen)}
                onBack={back}
              />
            </Suspense>
          )}
        </ChosenById>
      );
    return (
      <div className="space-y-4">
        {why && <Note tone="warning">{why}</Note>}
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
