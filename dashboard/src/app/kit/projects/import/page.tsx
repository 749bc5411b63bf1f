import { Link } from "@tanstack/react-router";
import { Plug } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { RepoSelector } from "@/app/kit/projects/import/RepoSelector";
import { standingOf } from "@/app/kit/settings/integrations/standing";
import { EmptyState } from "@/components/feedback/EmptyState";
import { ProblemAlert } from "@/components/feedback/ProblemAlert";
import { Page } from "@/components/layout/Page";
import { Button } from "@/components/ui/button";
import { Card } from "@/components/ui/card";
import { Skeleton } from "@/components/ui/skeleton";
import { useIntegration } from "@/hooks/useIntegration";
import { useOrganization } from "@/hooks/useOrganization";
import type { Repository } from "@/lib/api/types";
import { refusal } from "@/lib/rights";

const ImportForm = lazy(async () => ({
  default: (await import("@/app/kit/projects/import/ImportForm")).ImportForm,
}));

export function ImportPage() {
  const organization = useOrganization();
  const [chosen, setChosen] = useState<Repository | null>(null);
  const { data: integration, error, refetch } = useIntegration(organization.id);
  const why = refusal("import", organization.role);
  const body = () => {
    if (!integration)
      return error ? (
        <ProblemAlert error={error} onRetry={() => refetch()} />
      ) : (
        <Skeleton className="h-104 w-full rounded-xl" />
      );
    if (integration.status !== "active" && integration.status !== "suspended")
      return (
        <Card>
          <EmptyState
            icon={Plug}
            title={standingOf(integration, organization.role).badge}
            action={
              <Button asChild>
                <Link to="/kit/$orgId/settings/integrations" params={{ orgId: organization.id }}>
                  To Integrations
                </Link>
              </Button>
            }
          >
            {standingOf(integration, organization.role).sentence}
          </EmptyState>
        </Card>
      );
    if (chosen && !why)
      return (
        <Suspense fallback={<Skeleton className="h-96 w-full rounded-xl" />}>
          <ImportForm orgId={organization.id} repository={chosen} onBack={() => setChosen(null)} />
        </Suspense>
      );
    return (
      <div className="space-y-4">
        {why && <p className="text-sm text-warning">{why}</p>}
        <RepoSelector orgId={organization.id} onChoose={setChosen} />
        {integration.manage_url && (
          <p className="text-sm">
            Missing a repository?{" "}
            <a className="text-primary underline" href={integration.manage_url}>
              Adjust access on GitHub
            </a>
          </p>
        )}
      </div>
    );
  };
  return (
    <Page title="Import a repository" about="Choose a repository; a project is made that follows it.">
      {body()}
    </Page>
  );
}
