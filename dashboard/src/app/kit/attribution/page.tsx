import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { Users } from "lucide-react";
import { EmptyState } from "@/components/feedback/EmptyState";
import { Page } from "@/components/layout/Page";
import { Rows } from "@/components/Rows";
import { Badge } from "@/components/ui/badge";
import { NativeSelect } from "@/components/ui/native-select";
import { useOrganization } from "@/hooks/useOrganization";
import { useLinkedProjects } from "@/hooks/useProjects";
import { answerOf, api } from "@/lib/api/client";
import type { Attribution } from "@/lib/api/types";

const route = getRouteApi("/kit/$orgId/attribution");

const METHODS: Record<Attribution["method"], string> = {
  account_id: "by GitHub account",
  bot: "a bot",
  noreply_id: "by GitHub's number in the address",
  not_a_member: "no member of this organization",
  unknown: "nobody connected has this address",
  username: "by GitHub name",
  verified_address: "by verified address",
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
      answerOf(
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
      about="Who wrote each commit. Whoever is not matched connects their GitHub account once; earlier commits are then theirs too."
    >
      <div className="mb-4 flex flex-wrap gap-3">
        <NativeSelect
          aria-label="Who"
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
          <option value="">Everybody</option>
          <option value="matched">Matched</option>
          <option value="unmatched">Not matched</option>
          <option value="bot">Bots</option>
        </NativeSelect>
        <NativeSelect
          aria-label="Project"
          value={project ?? ""}
          onChange={(change) => navigate({ search: { status, project: change.target.value || undefined } })}
        >
          <option value="">Any project</option>
          {linked?.projects.map((one) => (
            <option key={one.id} value={one.id}>
              {one.name}
            </option>
          ))}
          {project && linked && !linked.projects.some((one) => one.id === project) && (
            <option value={project}>Another project</option>
          )}
        </NativeSelect>
      </div>
      <Rows
        query={query}
        rows={rows}
        label="Attributions"
        keyOf={(row) => `${row.repo_id}-${row.sha}-${row.role}-${row.email ?? row.name}`}
        empty={
          <EmptyState icon={Users} title={status || project ? "No such commit" : "No commit yet"}>
            {status || project
              ? "Choose somebody else or another project."
              : "Authors appear here as commits are pushed to linked repositories."}
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
              {row.status === "unmatched" ? "not matched" : row.status}
            </Badge>
            <code className="text-xs text-muted-foreground">{row.sha.slice(0, 8)}</code>
          </>
        )}
      </Rows>
    </Page>
  );
}
