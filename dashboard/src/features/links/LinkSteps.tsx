import { Note } from "@/components/feedback/Note";
import { Button } from "@/components/ui/button";
import { useIntegration } from "@/features/integrations/useIntegration";
import { ChosenById } from "@/features/linking/ChosenById";
import { NotReady } from "@/features/linking/NotReady";
import { obstacleOf } from "@/features/linking/obstacles";
import { RepositoryChoice } from "@/features/linking/RepositoryChoice";
import { LinkForm } from "@/features/links/LinkForm";
import type { OrganizationOfUser, Project } from "@/lib/api/types";
import { denialReason } from "@/lib/permissions";

/** Chooses and links the repository of a project, or replaces it. */
export function LinkSteps({
  organization,
  project,
  searchText,
  chosen,
  onText,
  onChoose,
  onDone,
  onCancel,
}: {
  organization: OrganizationOfUser;
  project: Project;
  searchText: string | undefined;
  chosen: string | undefined;
  onText: (text: string) => void;
  /** Called with the id of the chosen repository, or null to return to the list. */
  onChoose: (repoId: string | null) => void;
  onDone: () => Promise<void>;
  onCancel: (() => void) | null;
}) {
  const query = useIntegration(organization.id);
  const integration = query.data;
  const denial = denialReason("link", organization);
  if (integration?.status !== "active" && integration?.status !== "suspended")
    return <NotReady query={query} organization={organization} />;
  if (chosen)
    return (
      <ChosenById orgId={organization.id} repoId={chosen} onBack={() => onChoose(null)}>
        {(repository) => (
          <LinkForm
            key={repository.id}
            orgId={organization.id}
            project={project}
            repository={repository}
            obstacle={obstacleOf(organization, integration, repository)}
            onBack={() => onChoose(null)}
            onDone={onDone}
          />
        )}
      </ChosenById>
    );
  return (
    <section className="space-y-4" aria-labelledby="choosing">
      <div className="flex flex-wrap items-start justify-between gap-3">
        <div>
          <h2 id="choosing" className="font-semibold">
            {project.repository ? "Choose another repository" : "No repository linked"}
          </h2>
          <p className="text-sm text-muted-foreground">
            {project.repository
              ? `${project.repository.full_name} stays linked until you confirm the new repository.`
              : "Link a repository to receive its pushes and pull requests."}
          </p>
        </div>
        {onCancel && <Button onClick={onCancel}>Cancel</Button>}
      </div>
      {denial && <Note tone="warning">{denial}</Note>}
      <NotReady query={query} organization={organization} />
      <RepositoryChoice
        organization={organization}
        integration={integration}
        initialText={searchText}
        onText={onText}
        onChoose={onChoose}
      />
    </section>
  );
}
