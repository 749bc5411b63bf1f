import { useQuery } from "@tanstack/react-query";
import { FolderX } from "lucide-react";
import type { ReactNode } from "react";
import { EmptyState } from "@/components/feedback/EmptyState";
import { ProblemAlert } from "@/components/feedback/ProblemAlert";
import { Button } from "@/components/ui/button";
import { Card } from "@/components/ui/card";
import { Skeleton } from "@/components/ui/skeleton";
import { AdjustAccess } from "@/features/catalog/AdjustAccess";
import { repositoryQuery, useKnownRepository } from "@/features/catalog/useRepositories";
import { ApiProblem } from "@/lib/api/problem";
import type { Repository } from "@/lib/api/types";

const POLL_MS = 5000;

/** Loads the repository that the address names, or shows that it is not available. */
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
  const cached = useKnownRepository(orgId)(repoId);
  const { data, error, refetch } = useQuery({
    ...repositoryQuery(orgId, repoId, cached),
    // A repository that was unarchived on GitHub can be chosen without a reload.
    refetchInterval: POLL_MS,
  });
  if (error instanceof ApiProblem && error.code === "repository_not_found")
    return (
      <Card>
        <EmptyState
          icon={FolderX}
          title="Repository not available"
          action={
            <div className="flex flex-wrap justify-center gap-2">
              <Button onClick={onBack}>Choose another repository</Button>
              <AdjustAccess orgId={orgId} />
            </div>
          }
        >
          The repository doesn’t exist, was moved, or crewkit has no access to it. Grant access on GitHub, or choose
          another repository.
        </EmptyState>
      </Card>
    );
  if (data) return children(data);
  if (error) return <ProblemAlert error={error} onRetry={() => refetch()} />;
  return <Skeleton className="h-112 w-full rounded-xl" />;
}
