import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, type ReactNode, useState } from "react";
import { ChoiceFields, type Choices } from "@/app/kit/projects/ChoiceFields";
import { ChosenRepository } from "@/app/kit/projects/ChosenRepository";
import { type Place, placeOf } from "@/app/kit/projects/conflicts";
import { ObstacleNote } from "@/app/kit/projects/ObstacleNote";
import type { Obstacle } from "@/app/kit/projects/obstacles";
import { RefusalHelp } from "@/app/kit/projects/RefusalHelp";
import { Note } from "@/components/feedback/Note";
import { WithReason } from "@/components/feedback/WithReason";
import { UnsavedChanges } from "@/components/UnsavedChanges";
import { Button } from "@/components/ui/button";
import { Card, CardBody, CardHeader, CardTitle } from "@/components/ui/card";
import { Field } from "@/components/ui/field";
import { Input } from "@/components/ui/input";
import { useAttemptKey } from "@/hooks/useAttemptKey";
import { PROVIDER } from "@/hooks/useIntegration";
import { answerOf, api } from "@/lib/api/client";
import type { Repository } from "@/lib/api/types";
import { linkedTo } from "@/lib/linkedTo";
import { notify } from "@/lib/notices";
import { forgetPlace } from "@/lib/placeInStream";

const FIRST_BRANCH = "main";

/** The form of a new project: its name, branch and root directory. */
export function ImportForm({
  orgId,
  repository,
  obstacle,
  onBack,
}: {
  orgId: string;
  repository: Repository;
  obstacle: Obstacle | null;
  onBack: () => void;
}) {
  // The values when the form was opened, even if the repository changes meanwhile.
  const [initial] = useState({
    name: repository.name,
    branch: repository.default_branch ?? FIRST_BRANCH,
    root: "",
  });
  const [name, setName] = useState(initial.name);
  const [choices, setChoices] = useState<Choices>({ branch: initial.branch, root: initial.root });
  const isChanged =
    name !== initial.name || choices.branch !== initial.branch || choices.root !== initial.root;
  const keyOf = useAttemptKey();
  const client = useQueryClient();
  const navigate = useNavigate();
  const importing = useMutation({
    mutationFn: () => {
      const body = {
        repo_id: repository.id,
        provider: PROVIDER,
        name,
        default_branch: choices.branch,
        settings: { root_directory: choices.root || null },
      };
      return answerOf(
        api.POST("/api/v1/{org_id}/projects/import", {
          params: { path: { org_id: orgId }, header: { "Idempotency-Key": keyOf(body) } },
          body,
        }),
      );
    },
    onSuccess: async (project) => {
      client.setQueryData(["project", orgId, project.id], project);
      forgetPlace(orgId);
      notify(`${project.name} is linked to ${repository.full_name}`);
      await navigate({
        to: "/kit/$orgId/projects/$projectId/repository",
        params: { orgId, projectId: project.id },
        ignoreBlocker: true,
      });
      client.invalidateQueries({ queryKey: ["projects", orgId] });
      client.invalidateQueries({ queryKey: ["repositories", orgId] });
    },
  });
  // Stays disabled until the next page is open, so that a second click does nothing.
  const isBusy = importing.isPending || importing.isSuccess;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!isBusy && !obstacle) importing.mutate();
  };
  const errorAt = (place: Place): ReactNode =>
    importing.error &&
    placeOf(importing.error) === place && (
      <RefusalHelp
        error={importing.error}
        name={name}
        repository={repository}
        orgId={orgId}
        onRename={(next) => {
          setName(next);
          importing.reset();
        }}
      />
    );
  return (
    <Card>
      <CardHeader>
        <CardTitle>New project</CardTitle>
      </CardHeader>
      <CardBody>
        <form className="max-w-2xl space-y-5" onSubmit={submit}>
          <UnsavedChanges isChanged={isChanged} />
          <ChosenRepository repository={repository} onBack={onBack} />
          {obstacle && <ObstacleNote obstacle={obstacle} orgId={orgId} />}
          {repository.projects && repository.projects.length > 0 && !obstacle && (
            <Note>{linkedTo(repository.projects)}. One repository can have several projects.</Note>
          )}
          <Field label="Project name" error={errorAt("name")}>
            {(field) => (
              <Input
                {...field}
                value={name}
                required
                maxLength={100}
                autoComplete="off"
                onChange={(event) => setName(event.target.value)}
              />
            )}
          </Field>
          <ChoiceFields
            orgId={orgId}
            repoId={repository.id}
            defaultBranch={repository.default_branch}
            choices={choices}
            errors={{ branch: errorAt("branch"), root: errorAt("root") }}
            onChange={(changed) => setChoices({ ...choices, ...changed })}
          />
          {errorAt("form")}
          <WithReason reason={obstacle?.words ?? null}>
            <Button type="submit" variant="primary" disabled={isBusy}>
              {isBusy ? "Importing…" : "Import"}
            </Button>
          </WithReason>
        </form>
      </CardBody>
    </Card>
  );
}
