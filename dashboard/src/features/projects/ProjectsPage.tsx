import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { FolderGit2, GitBranch } from "lucide-react";
import { EmptyState } from "@/components/feedback/EmptyState";
import { WithReason } from "@/components/feedback/WithReason";
import { Page } from "@/components/layout/Page";
import { Rows } from "@/components/Rows";
import { Badge } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { NativeSelect } from "@/components/ui/native-select";
import { linkStatus } from "@/features/links/linkStatus";
import { useOrganization } from "@/hooks/useOrganization";
import { api, fetchBody } from "@/lib/api/client";
import type { Project } from "@/lib/api/types";
import { denialReason } from "@/lib/permissions";

const route = getRouteApi("/kit/$orgId/projects");

export function ProjectsPage() {
  const organization = useOrganization();
  const { linked } = route.useSearch();
  const navigate = route.useNavigate();
  const query = useInfiniteQuery({
    queryKey: ["projects", organization.id, linked],
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) =>
      fetchBody(
        api.GET("/api/v1/{org_id}/projects", {
          params: {
            path: { org_id: organization.id },
            query: { ...(linked !== undefined && { linked }), ...(pageParam && { cursor: pageParam }) },
          },
          signal,
        }),
      ),
    getNextPageParam: (last) => last.next_cursor,
  });
  const rows = query.data?.pages.flatMap((page) => page.data) ?? [];
  const importButton = (
    <WithReason reason={denialReason("link", organization)}>
      <Button asChild variant="primary">
        <Link to="/kit/$orgId/projects/import" params={{ orgId: organization.id }}>
          Import repository
        </Link>
      </Button>
    </WithReason>
  );
  return (
    <Page title="Projects" about="Projects and their linked repositories." actions={importButton}>
      <NativeSelect
        aria-label="Filter projects"
        className="mb-4"
        value={String(linked ?? "")}
        onChange={({ target: { value } }) => navigate({ search: { linked: value ? value === "true" : undefined } })}
      >
        <option value="">All projects</option>
        <option value="true">Linked</option>
        <option value="false">Not linked</option>
      </NativeSelect>
      <Rows
        query={query}
        rows={rows}
        label="Projects"
        keyOf={(row) => row.id}
        empty={
          linked === undefined ? (
            <EmptyState icon={FolderGit2} title="No projects yet" action={importButton}>
              Import a repository to create a project that receives its pushes and pull requests.
            </EmptyState>
          ) : (
            <EmptyState
              icon={FolderGit2}
              title={linked ? "No linked projects" : "All projects are linked"}
              action={<Button onClick={() => navigate({ search: {} })}>Show all projects</Button>}
            >
              {linked ? "Open a project to link a repository, or import a repository as a new project." : null}
            </EmptyState>
          )
        }
      >
        {(project) => <ProjectRow orgId={organization.id} project={project} />}
      </Rows>
    </Page>
  );
}

function ProjectRow({ orgId, project }: { orgId: string; project: Project }) {
  const { repository } = project;
  const status = repository && linkStatus(repository);
  return (
    <>
      <div className="min-w-0 flex-1 basis-60">
        <Link
          to="/kit/$orgId/projects/$projectId/repository"
          params={{ orgId, projectId: project.id }}
          className="row-link block truncate font-medium hover:underline"
        >
          {project.name}
        </Link>
        <p className="truncate text-muted-foreground">{repository?.full_name ?? "No repository"}</p>
      </div>
      {repository && (
        <span className="flex max-w-40 items-center gap-1 truncate text-muted-foreground">
          <GitBranch className="size-3.5 shrink-0" aria-label="Branch" />
          <span className="truncate">{repository.default_branch}</span>
        </span>
      )}
      <span className="w-36 text-right">
        {status ? <Badge tone={status.tone}>{status.badge}</Badge> : <Badge>Not linked</Badge>}
      </span>
    </>
  );
}
