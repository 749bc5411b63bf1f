import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { Users } from "lucide-react";
import { EmptyState } from "@/components/feedback/EmptyState";
import { Page } from "@/components/layout/Page";
import { Rows } from "@/components/Rows";
import { Badge } from "@/components/ui/badge";
import { NativeSelect } from "@/components/ui/native-select";
import { useLinkedProjects } from "@/features/projects/useProjects";
import { useOrganization } from "@/hooks/useOrganization";
import { api, fetchBody } from "@/lib/api/client";
import type { Attribution } from "@/lib/api/types";

const route = getRouteApi("/kit/$orgId/attribution");

const METHODS: Record<Attribution["method"], string> = {
  account_id: "GitHub account",
  assigned: "Assigned by an admin",
  bot: "Bot account",
  member_address: "crewkit email",
  noreply_id: "GitHub no-reply email",
  not_a_member: "Not a member of this organization",
  unknown: "No connected account matches",
  username: "GitHub username",
  verified_address: "Verified email",
};

const STATUSES: Record<Attribution["status"], string> = {
  bot: "Bot",
  ignored: "Ignored",
  matched: "Matched",
  unmatched: "Unmatched",
};

export function AttributionPage() {
  const organization = useOrganization();
  const { status, project } = route.useSearch();
  const { data: linked } = useLinkedProjects(organization.id);
  const navigate = route.useNavigate();
  const query = useInfiniteQuery({
    queryKey: ["attributions", organization.id, status, project],
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) =>
      fetchBody(
        api.GET("/api/v1/{org_id}/git-attributions", {
          params: {
            path: { org_id: organization.id },
            query: {
              ...(status && { status }),
              ...(project && { project_id: project }),
              ...(pageParam && { cursor: pageParam }),
            },
          },
          signal,
        }),
      ),
    getNextPageParam: (last) => last.next_cursor,
  });
  const rows = query.data?.pages.flatMap((page) => page.data) ?? [];
  return (
    <Page
      title="Attribution"
      about="Commit authors, including committers and co-authors, and their crewkit users. When an author connects a GitHub account, earlier commits are matched too."
    >
      <div className="mb-4 flex flex-wrap gap-3">
        <NativeSelect
          aria-label="Status"
          value={status ?? ""}
          onChange={(change) =>
            navigate({
              search: {
                project,
                status: (change.target.value || undefined) as Attribution["status"] | undefined,
              },
            })
          }
        >
          <option value="">All authors</option>
          <option value="matched">Matched</option>
          <option value="unmatched">Unmatched</option>
          <option value="bot">Bots</option>
        </NativeSelect>
        <NativeSelect
          aria-label="Project"
          value={project ?? ""}
          onChange={(change) => navigate({ search: { status, project: change.target.value || undefined } })}
        >
          <option value="">All projects</option>
          {linked?.projects.map((option) => (
            <option key={option.id} value={option.id}>
              {option.name}
            </option>
          ))}
          {project && linked && !linked.projects.some((option) => option.id === project) && (
            <option value={project}>Other project</option>
          )}
        </NativeSelect>
      </div>
      <Rows
        query={query}
        rows={rows}
        label="Attributions"
        keyOf={(row) => `${row.repo_id}-${row.sha}-${row.role}-${row.email ?? row.name}`}
        empty={
          <EmptyState icon={Users} title={status || project ? "No matching authors" : "No commits yet"}>
            {status || project
              ? "Change the filters to see other authors."
              : "Push to a linked repository to see its commit authors here."}
          </EmptyState>
        }
      >
        {(row) => (
          <>
            <span className="min-w-0 flex-1 truncate">
              <span className="font-medium">{row.user?.name ?? row.name}</span>{" "}
              <span className="text-muted-foreground">{row.email}</span>
            </span>
            <span className="text-muted-foreground">{METHODS[row.method]}</span>
            <Badge tone={row.status === "matched" ? "success" : row.status === "bot" ? "neutral" : "warning"}>
              {STATUSES[row.status]}
            </Badge>
            <code className="text-xs text-muted-foreground">{row.sha.slice(0, 8)}</code>
          </>
        )}
      </Rows>
    </Page>
  );
}
