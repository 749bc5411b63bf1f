import { useMutation } from "@tanstack/react-query";
import { type FormEvent, type ReactNode, useState } from "react";
import { ChoiceFields, type Choices } from "@/app/kit/projects/ChoiceFields";
import { ChosenRepository } from "@/app/kit/projects/ChosenRepository";
import { type Place, placeOf } from "@/app/kit/projects/conflicts";
import { ObstacleNote } from "@/app/kit/projects/ObstacleNote";
import type { Obstacle } from "@/app/kit/projects/obstacles";
import { RefusalHelp } from "@/app/kit/projects/RefusalHelp";
import { Note } from "@/components/feedback/Note";
import { WithReason } from "@/components/feedback/WithReason";
import { Button } from "@/components/ui/button";
import { Card, CardBody, CardHeader, CardTitle } from "@/components/ui/card";
import { useAttemptKey } from "@/hooks/useAttemptKey";
import { PROVIDER } from "@/hooks/useIntegration";
import { answerOf, api } from "@/lib/api/client";
import type { Project, Repository } from "@/lib/api/types";
import { notify } from "@/lib/notices";
import { forgetPlace } from "@/lib/placeInStream";

const FIRST_BRANCH = "main";

/** Links a project to the chosen repository. Replacing a link is atomic. */
export function LinkForm({
  orgId,
  project,
  repository,
  obstacle,
  onBack,
  onDone,
}: {
  orgId: string;
  project: Project;
  repository: Repository;
  obstacle: Obstacle | null;
  onBack: () => void;
  onDone: () => Promise<void>;
}) {
  const [choices, setChoices] = useState<Choices>({
    branch: repository.default_branch ?? FIRST_BRANCH,
    root: "",
  });
  const keyOf = useAttemptKey();
  const former = project.repository;
  const linking = useMutation({
    mutationFn: () => {
      const body = {
        repo_id: repository.id,
        provider: PROVIDER,
        default_branch: choices.branch,
        settings: { root_directory: choices.root || null },
        replace: former !== null,
      };
      return answerOf(
        api.POST("/api/v1/{org_id}/projects/{project_id}/repository", {
          params: {
            path: { org_id: orgId, project_id: project.id },
            header: { "Idempotency-Key": keyOf(body) },
          },
          body,
        }),
      );
    },
    onSuccess: async () => {
      forgetPlace(orgId);
      notify(`${project.name} is linked to ${repository.full_name}`);
      await onDone();
    },
  });
  const isSame = former?.repo_id === repository.id;
  const isBusy = linking.isPending || linking.isSuccess;
  const words = isSame ? "Already linked" : (obstacle?.words ?? null);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!isBusy && words === null) linking.mutate();
  };
  const errorAt = (place: Place): ReactNode =>
    linking.error &&
    placeOf(linking.error) === place && (
      <RefusalHelp error={linking.error} repository={repository} orgId={orgId} onReload={onDone} />
    );
  return (
    <Card>
      <CardHeader>
        <CardTitle>
          Link {project.name} to {repository.full_name}
        </CardTitle>
      </CardHeader>
      <CardBody>
        <form className="max-w-2xl space-y-5" onSubmit={submit}>
          <ChosenRepository repository={repository} onBack={onBack} />
          {obstacle && !isSame && <ObstacleNote obstacle={obstacle} orgId={orgId} />}
          {isSame && <Note>{words}</Note>}
          {former && !isSame && !obstacle && (
            <Note tone="warning">
              Replaces {former.full_name}. Past events and commits are kept. The branch and the root directory
              below replace the current settings.
              {!former.webhooks_enabled && " The project receives events again."}
            </Note>
          )}
          <ChoiceFields
            orgId={orgId}
            repoId={repository.id}
            defaultBranch={repository.default_branch}
            choices={choices}
            errors={{ branch: errorAt("branch"), root: errorAt("root") }}
            onChange={(changed) => setChoices({ ...choices, ...changed })}
          />
          {errorAt("form")}
          {errorAt("name")}
          <WithReason reason={words}>
            <Button type="submit" variant="primary" disabled={isBusy}>
              {isBusy ? "Linking…" : former ? "Replace repository" : "Link repository"}
            </Button>
          </WithReason>
        </form>
      </CardBody>
    </Card>
  );
}
