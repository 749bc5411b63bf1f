import { useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { FolderX } from "lucide-react";
import { Fragment, lazy, Suspense } from "react";
import { EmptyState } from "@/components/feedback/EmptyState";
import { ProblemAlert } from "@/components/feedback/ProblemAlert";
import { Page } from "@/components/layout/Page";
import { Button } from "@/components/ui/button";
import { Card } from "@/components/ui/card";
import { Skeleton } from "@/components/ui/skeleton";
import { LastEvents } from "@/features/links/LastEvents";
import { LinkCard } from "@/features/links/LinkCard";
import { LinkSettings } from "@/features/links/LinkSettings";
import { useOrganization } from "@/hooks/useOrganization";
import { api, fetchBody } from "@/lib/api/client";
import { ApiProblem } from "@/lib/api/problem";
import type { OrganizationOfUser, Project } from "@/lib/api/types";
import { denialReason } from "@/lib/permissions";

const LinkSteps = lazy(async () => ({
  default: (await import("@/features/links/LinkSteps")).LinkSteps,
}));
const route = getRouteApi("/kit/$orgId/projects/$projectId/repository");

// Shows changes on GitHub, such as a suspension or a rename, without a reload.
const POLL_MS = 5000;

export function RepositoryPage() {
  const organization = useOrganization();
  const { projectId } = route.useParams();
  const query = useQuery({
    queryKey: ["project", organization.id, projectId],
    queryFn: ({ signal }) =>
      fetchBody(
        api.GET("/api/v1/{org_id}/projects/{project_id}", {
          params: { path: { org_id: organization.id, project_id: projectId } },
          signal,
        }),
      ),
    refetchInterval: POLL_MS,
  });
  const { data: project, error } = query;
  const isGone = error instanceof ApiProblem && error.status === 404;
  return (
    <Page title={project?.name ?? "Project"} about="Linked repository, settings and recent events.">
      {isGone ? (
        <NoProject orgId={organization.id} />
      ) : (
        <div className="space-y-6">
          {error && <ProblemAlert error={error} onRetry={() => query.refetch()} />}
          {project ? (
            <ProjectRepository organization={organization} project={project} />
          ) : (
            !error && <Skeleton className="h-72 w-full rounded-xl" />
          )}
        </div>
      )}
    </Page>
  );
}

function ProjectRepository({ organization, project }: { organization: OrganizationOfUser; project: Project }) {
  const { change, q, repository: chosen } = route.useSearch();
  const navigate = route.useNavigate();
  const client = useQueryClient();
  const denial = denialReason("link", organization);
  const link = project.repository;
  const refresh = async () => {
    await client.invalidateQueries({ queryKey: ["project", organization.id, project.id] });
    client.invalidateQueries({ queryKey: ["projects", organization.id] });
    client.invalidateQueries({ queryKey: ["repositories", organization.id] });
  };
  if (!link || (change && !denial))
    return (
      <Suspense fallback={<Skeleton className="h-112 w-full rounded-xl" />}>
        <LinkSteps
          organization={organization}
          project={project}
          searchText={q}
          chosen={chosen}
          onText={(text) => navigate({ search: { change, q: text || undefined }, replace: true })}
          onChoose={(id) => navigate({ search: { change, q, ...(id && { repository: id }) } })}
          onDone={async () => {
            await refresh();
            await navigate({ search: {}, replace: true });
          }}
          onCancel={link ? () => navigate({ search: {} }) : null}
        />
      </Suspense>
    );
  return (
    // Input and open dialogs of one link must not carry over to the next. One key for all cards: siblings that
    // share a key make React keep the former card.
    <Fragment key={link.id}>
      <LinkCard
        organization={organization}
        project={project}
        link={link}
        denialReason={denial}
        onChange={() => navigate({ search: { change: true } })}
        onRelink={(repository) => navigate({ search: { change: true, repository } })}
        onUnlinked={refresh}
      />
      <LinkSettings orgId={organization.id} link={link} denialReason={denial} onChanged={refresh} />
      <LastEvents orgId={organization.id} projectId={project.id} fullName={link.full_name} />
    </Fragment>
  );
}

function NoProject({ orgId }: { orgId: string }) {
  return (
    <Card>
      <EmptyState
        icon={FolderX}
        title="Project not found"
        action={
          <Button asChild>
            <Link to="/kit/$orgId/projects" params={{ orgId }}>
              All projects
            </Link>
          </Button>
        }
      >
        The project may have been deleted, or you don’t have access.
      </EmptyState>
    </Card>
  );
}
