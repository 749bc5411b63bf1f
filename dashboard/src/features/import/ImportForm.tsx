import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, type ReactNode, useState } from "react";
import { Note } from "@/components/feedback/Note";
import { WithReason } from "@/components/feedback/WithReason";
import { UnsavedChanges } from "@/components/UnsavedChanges";
import { Button } from "@/components/ui/button";
import { Card, CardBody, CardHeader, CardTitle } from "@/components/ui/card";
import { Field } from "@/components/ui/field";
import { Input } from "@/components/ui/input";
import { linkedTo } from "@/features/catalog/linkedTo";
import { PROVIDER } from "@/features/integrations/useIntegration";
import { ChoiceFields, type Choices } from "@/features/linking/ChoiceFields";
import { ChosenRepository } from "@/features/linking/ChosenRepository";
import { FormError } from "@/features/linking/FormError";
import { type FormPart, formPartOf } from "@/features/linking/formErrors";
import { ObstacleNote } from "@/features/linking/ObstacleNote";
import type { Obstacle } from "@/features/remedies/remedy";
import { useAttemptKey } from "@/hooks/useAttemptKey";
import { api, fetchBody } from "@/lib/api/client";
import type { Repository } from "@/lib/api/types";
import { notify } from "@/lib/notices";
import { forgetPosition } from "@/lib/stream/position";

const FALLBACK_BRANCH = "main";

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
    branch: repository.default_branch ?? FALLBACK_BRANCH,
    root: "",
  });
  const [name, setName] = useState(initial.name);
  const [choices, setChoices] = useState<Choices>({ branch: initial.branch, root: initial.root });
  const isChanged = name !== initial.name || choices.branch !== initial.branch || choices.root !== initial.root;
  const keyOf = useAttemptKey();
  const client = useQueryClient();
  const navigate = useNavigate();
  const createProject = useMutation({
    mutationFn: () => {
      const body = {
        repo_id: repository.id,
        provider: PROVIDER,
        name,
        default_branch: choices.branch,
        settings: { root_directory: choices.root || null },
      };
      return fetchBody(
        api.POST("/api/v1/{org_id}/projects/import", {
          params: { path: { org_id: orgId }, header: { "Idempotency-Key": keyOf(body) } },
          body,
        }),
      );
    },
    onSuccess: async (project) => {
      client.setQueryData(["project", orgId, project.id], project);
      forgetPosition(orgId);
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
  const isBusy = createProject.isPending || createProject.isSuccess;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!isBusy && !obstacle) createProject.mutate();
  };
  const errorAt = (part: FormPart): ReactNode =>
    createProject.error &&
    formPartOf(createProject.error) === part && (
      <FormError
        error={createProject.error}
        name={name}
        repository={repository}
        orgId={orgId}
        onRename={(next) => {
          setName(next);
          createProject.reset();
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
          <WithReason reason={obstacle?.message ?? null}>
            <Button type="submit" variant="primary" disabled={isBusy}>
              {isBusy ? "Importing…" : "Import"}
            </Button>
          </WithReason>
        </form>
      </CardBody>
    </Card>
  );
}
