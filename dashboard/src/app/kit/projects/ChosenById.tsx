import { useQuery } from "@tanstack/react-query";
import { FolderX } from "lucide-react";
import type { ReactNode } from "react";
import { AdjustAccess } from "@/app/kit/projects/import/AdjustAccess";
import { EmptyState } from "@/components/feedback/EmptyState";
import { ProblemAlert } from "@/components/feedback/ProblemAlert";
import { Button } from "@/components/ui/button";
import { Card } from "@/components/ui/card";
import { Skeleton } from "@/components/ui/skeleton";
import { repositoryQuery, useKnownRepository } from "@/hooks/useRepositories";
import { ApiProblem } from "@/lib/api/problem";
import type { Repository } from "@/lib/api/types";

const FOLLOWED_MS = 5000;

/** What is done with the repository an address names, which need not be there any more. */
export function ChosenById({
  orgId,
  repoId,
  onBack,
  children,
}: {
  orgId: string;
  repoId: string;
  onBack: () => void;
  children: (repository: Repository) => ReactNode;
}) {
  const known = useKnownRepository(orgId)(repoId);
  const { data, error, refetch } = useQuery({
    ...repositoryQuery(orgId, repoId, known),
    // Unarchived over there, it can be chosen here without another click.
    refetchInterval: FOLLOWED_MS,
  });
  if (error instanceof ApiProblem && error.code === "repository_not_found")
    return (
      <Card>
        <EmptyState
          icon={FolderX}
          title="GitHub shows us no such repository"
          action={
            <div className="flex flex-wrap justify-center gap-2">
              <Button onClick={onBack}>Choose another</Button>
              <AdjustAccess orgId={orgId} />
            </div>
          }
        >
          Our access to it was taken away, or it was moved or deleted. Give access again on GitHub, or choose
          another one.
        </EmptyState>
      </Card>
    );
  if (data) return children(data);
  if (error) return <ProblemAlert error={error} onRetry={() => refetch()} />;
  return <Skeleton className="h-112 w-full rounded-xl" />;
}
