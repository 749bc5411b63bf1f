import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { Unlink } from "lucide-react";
import { useState } from "react";
import { RepoSelector } from "@/app/kit/projects/import/RepoSelector";
import { EmptyState } from "@/components/feedback/EmptyState";
import { ProblemAlert } from "@/components/feedback/ProblemAlert";
import { WithReason } from "@/components/feedback/WithReason";
import { Page } from "@/components/layout/Page";
import { Badge } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { Card, CardBody, CardHeader, CardTitle } from "@/components/ui/card";
import { Input, Label } from "@/components/ui/input";
import { Skeleton } from "@/components/ui/skeleton";
import { PROVIDER } from "@/hooks/useIntegration";
import { useOrganization } from "@/hooks/useOrganization";
import { answerOf, api } from "@/lib/api/client";
import { ApiProblem } from "@/lib/api/problem";
import type { Link } from "@/lib/api/types";
import { notify } from "@/lib/notices";
import { refusal } from "@/lib/rights";

const route = getRouteApi("/kit/$orgId/projects/$projectId/repository");
const PATH = "/api/v1/{org_id}/projects/{project_id}/repository";

const isNotLinked = (error: Error | null) => error instanceof ApiProblem && error.code === "link_not_found";

export function RepositoryPage() {
  const organization = useOrganization();
  const { projectId } = route.useParams();
  const path = { org_id: organization.id, project_id: projectId };
  const key = ["link", organization.id, projectId];
  const client = useQueryClient();
  const query = useQuery({
    queryKey: key,
    queryFn: ({ signal }) => answerOf(api.GET(PATH, { params: { path }, signal })),
  });
  const changed = async (said: string) => {
    notify(said);
    await client.invalidateQueries({ queryKey: key });
    await client.invalidateQueries({ queryKey: ["projects", organization.id] });
  };
  const link = useMutation({
    mutationFn: (repoId: string) =>
      answerOf(api.POST(PATH, { params: { path }, body: { repo_id: repoId, provider: PROVIDER } })),
    onSuccess: () => changed("The repository is linked."),
  });
  const why = refusal("link", organization.role);
  return (
    <Page title="Repository" about="Where this project's code is, and which branch it follows.">
      {query.isPending && <Skeleton className="h-64 w-full rounded-xl" />}
      {query.error && !isNotLinked(query.error) && (
        <ProblemAlert error={query.error} onRetry={() => query.refetch()} />
      )}
      {isNotLinked(query.error) && (
        <div className="space-y-4">
          <EmptyState icon={Unlink} title="No repository is linked">
            {why ?? "Choose one: its pushes and pull requests reach this project from then on."}
          </EmptyState>
          {link.error && <ProblemAlert error={link.error} />}
          {!why && <RepoSelector orgId={organization.id} onChoose={(one) => link.mutate(one.id)} />}
        </div>
      )}
      {query.data && !isNotLinked(query.error) && (
        <LinkCard key={query.data.updated_at} link={query.data} path={path} why={why} onChanged={changed} />
      )}
    </Page>
  );
}

function LinkCard({
  link,
  path,
  why,
  onChanged,
}: {
  link: Link;
  path: { org_id: string; project_id: string };
  why: string | null;
  onChanged: (said: string) => Promise<void>;
}) {
  const [branch, setBranch] = useState(link.default_branch);
  const [isOn, setOn] = useState(link.webhooks_enabled);
  const save = useMutation({
    mutationFn: () =>
      answerOf(
        api.PATCH(PATH, { params: { path }, body: { default_branch: branch, webhooks_enabled: isOn } }),
      ),
    onSuccess: () => onChanged("Saved."),
  });
  const unlink = useMutation({
    mutationFn: () => api.DELETE(PATH, { params: { path } }),
    onSuccess: () => onChanged("The repository is unlinked. Its history is kept."),
  });
  const error = save.error ?? unlink.error;
  return (
    <Card>
      <CardHeader>
        <CardTitle>{link.url ? <a href={link.url}>{link.full_name}</a> : link.full_name}</CardTitle>
        <Badge tone={link.reachable ? "success" : "warning"}>
          {link.reachable ? "Linked" : "Not reachable"}
        </Badge>
      </CardHeader>
      <CardBody className="space-y-4">
        {link.action && <p className="text-sm">{link.action.message}</p>}
        <div className="space-y-1">
          <Label htmlFor="branch">Branch to follow</Label>
          <Input
            id="branch"
            value={branch}
            disabled={why !== null}
            onChange={(event) => setBranch(event.target.value)}
          />
        </div>
        <label htmlFor="webhooks" className="flex items-center gap-2 text-sm">
          <input
            id="webhooks"
            type="checkbox"
            checked={isOn}
            disabled={why !== null}
            onChange={(event) => setOn(event.target.checked)}
          />
          Pushes and pull requests reach this project
        </label>
        {error && <ProblemAlert error={error} />}
        <div className="flex gap-2">
          <WithReason reason={why}>
            <Button variant="primary" disabled={save.isPending} onClick={() => save.mutate()}>
              {save.isPending ? "Saving…" : "Save"}
            </Button>
          </WithReason>
          <WithReason reason={why}>
            <Button variant="danger" disabled={unlink.isPending} onClick={() => unlink.mutate()}>
              {unlink.isPending ? "Unlinking…" : "Unlink"}
            </Button>
          </WithReason>
        </div>
      </CardBody>
    </Card>
  );
}
