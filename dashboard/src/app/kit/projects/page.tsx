import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { FolderGit2 } from "lucide-react";
import { EmptyState } from "@/components/feedback/EmptyState";
import { WithReason } from "@/components/feedback/WithReason";
import { Page } from "@/components/layout/Page";
import { Rows } from "@/components/Rows";
import { Badge } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { useOrganization } from "@/hooks/useOrganization";
import { answerOf, api } from "@/lib/api/client";
import { refusal } from "@/lib/rights";

export function ProjectsPage() {
  const organization = useOrganization();
  const query = useInfiniteQuery({
    queryKey: ["projects", organization.id],
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) =>
      answerOf(
        api.GET("/api/v1/{org_id}/projects", {
          params: { path: { org_id: organization.id }, query: pageParam ? { cursor: pageParam } : {} },
          signal,
        }),
      ),
    getNextPageParam: (last) => last.next_cursor,
  });
  const rows = query.data?.pages.flatMap((page) => page.data) ?? [];
  const params = { orgId: organization.id };
  const importing = (
    <WithReason reason={refusal("import", organization.role)}>
      <Button asChild variant="primary">
        <Link to="/kit/$orgId/projects/import" params={params}>
          Import a repository
        </Link>
      </Button>
    </WithReason>
  );
  return (
    <Page
      title="Projects"
      about="What this organization works on, and where its code is."
      actions={importing}
    >
      <Rows
        query={query}
        rows={rows}
        label="Projects"
        keyOf={(row) => row.id}
        empty={
          <EmptyState icon={FolderGit2} title="No project yet" action={importing}>
            Import a repository, and every push and pull request of it reaches the new project.
          </EmptyState>
        }
      >
        {(project) => (
          <>
            <Link
              to="/kit/$orgId/projects/$projectId/repository"
              params={{ ...params, projectId: project.id }}
              className="min-w-0 flex-1 truncate font-medium hover:underline"
            >
              {project.name}
            </Link>
            {project.repository ? (
              <>
                <span className="truncate text-muted-foreground">{project.repository.full_name}</span>
                {!project.repository.reachable && <Badge tone="warning">Not reachable</Badge>}
              </>
            ) : (
              <span className="text-muted-foreground">No repository</span>
            )}
          </>
        )}
      </Rows>
    </Page>
  );
}
