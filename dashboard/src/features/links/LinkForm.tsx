import { useMutation } from "@tanstack/react-query";
import { type FormEvent, type ReactNode, useState } from "react";
import { Note } from "@/components/feedback/Note";
import { WithReason } from "@/components/feedback/WithReason";
import { Button } from "@/components/ui/button";
import { Card, CardBody, CardHeader, CardTitle } from "@/components/ui/card";
import { PROVIDER } from "@/features/integrations/useIntegration";
import { ChoiceFields, type Choices } from "@/features/linking/ChoiceFields";
import { ChosenRepository } from "@/features/linking/ChosenRepository";
import { FormError } from "@/features/linking/FormError";
import { type FormPart, formPartOf } from "@/features/linking/formErrors";
import { ObstacleNote } from "@/features/linking/ObstacleNote";
import type { Obstacle } from "@/features/remedies/remedy";
import { useAttemptKey } from "@/hooks/useAttemptKey";
import { api, fetchBody } from "@/lib/api/client";
import type { Project, Repository } from "@/lib/api/types";
import { notify } from "@/lib/notices";
import { forgetPosition } from "@/lib/stream/position";

const FALLBACK_BRANCH = "main";

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
    branch: repository.default_branch ?? FALLBACK_BRANCH,
    root: "",
  });
  const keyOf = useAttemptKey();
  const current = project.repository;
  const link = useMutation({
    mutationFn: () => {
      const body = {
        repo_id: repository.id,
        provider: PROVIDER,
        default_branch: choices.branch,
        settings: { root_directory: choices.root || null },
        replace: current !== null,
      };
      return fetchBody(
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
      forgetPosition(orgId);
      notify(`${project.name} is linked to ${repository.full_name}`);
      await onDone();
    },
  });
  const isSame = current?.repo_id === repository.id;
  const isBusy = link.isPending || link.isSuccess;
  const disabledReason = isSame ? "Already linked" : (obstacle?.message ?? null);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!isBusy && disabledReason === null) link.mutate();
  };
  const errorAt = (part: FormPart): ReactNode =>
    link.error &&
    formPartOf(link.error) === part && (
      <FormError error={link.error} repository={repository} orgId={orgId} onReload={onDone} />
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
          {isSame && <Note>{disabledReason}</Note>}
          {current && !isSame && !obstacle && (
            <Note tone="warning">
              Replaces {current.full_name}. Past events and commits are kept. The branch and the root directory below
              replace the current settings.
              {!current.webhooks_enabled && " The project receives events again."}
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
          <WithReason reason={disabledReason}>
            <Button type="submit" variant="primary" disabled={isBusy}>
              {isBusy ? "Linking…" : current ? "Replace repository" : "Link repository"}
            </Button>
          </WithReason>
        </form>
      </CardBody>
    </Card>
  );
}
