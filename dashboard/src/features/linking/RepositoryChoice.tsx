import { AdjustAccess } from "@/features/catalog/AdjustAccess";
import { ListAge } from "@/features/catalog/ListAge";
import { NewArrivals } from "@/features/catalog/NewArrivals";
import { RepoSelector } from "@/features/catalog/RepoSelector";
import { useArrivals } from "@/features/catalog/useArrivals";
import { useFollowedCatalog } from "@/features/catalog/useRepositories";
import type { Integration, OrganizationOfUser } from "@/lib/api/types";

/** The list of repositories, with new ones, its age, and a button to change the access. */
export function RepositoryChoice({
  organization,
  integration,
  initialText,
  onText,
  onChoose,
}: {
  organization: OrganizationOfUser;
  integration: Integration;
  initialText: string | undefined;
  onText: (text: string) => void;
  onChoose: (repoId: string) => void;
}) {
  const { arrivals, dismiss } = useArrivals(organization.id);
  useFollowedCatalog(organization.id, integration.sync);
  return (
    <div className="space-y-4">
      <NewArrivals arrivals={arrivals} onChoose={onChoose} onDismiss={dismiss} />
      <RepoSelector
        orgId={organization.id}
        initialText={initialText}
        arrivals={arrivals}
        onText={onText}
        onChoose={(repository) => onChoose(repository.id)}
      >
        <div className="flex flex-wrap items-center justify-between gap-x-6 gap-y-3">
          {integration.sync && <ListAge organization={organization} sync={integration.sync} />}
          <div className="flex flex-wrap items-center gap-x-3 gap-y-2 text-sm">
            <span>Missing a repository?</span>
            <AdjustAccess orgId={organization.id} />
          </div>
        </div>
      </RepoSelector>
    </div>
  );
}
