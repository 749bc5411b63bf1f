import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, type ReactNode, useId, useState } from "react";
import { ProblemAlert } from "@/components/feedback/ProblemAlert";
import { WithReason } from "@/components/feedback/WithReason";
import { UnsavedChanges } from "@/components/UnsavedChanges";
import { Button } from "@/components/ui/button";
import { Card, CardBody, CardHeader, CardTitle } from "@/components/ui/card";
import { Switch } from "@/components/ui/switch";
import { repositoryQuery } from "@/features/catalog/useRepositories";
import { ChoiceFields, type Choices } from "@/features/linking/ChoiceFields";
import { type FormPart, formPartOf, messageOf } from "@/features/linking/formErrors";
import { api, fetchBody } from "@/lib/api/client";
import type { Link, Project } from "@/lib/api/types";
import { notify } from "@/lib/notices";

type Patch = {
  default_branch?: string;
  webhooks_enabled?: boolean;
  settings?: { root_directory: string | null };
};

/** The settings of a link: whether its events are delivered, its branch and its folder. */
export function LinkSettings({
  orgId,
  link,
  denialReason,
  onChanged,
}: {
  orgId: string;
  link: Link;
  /** Why this role can’t change the settings, or null if it can. */
  denialReason: string | null;
  onChanged: () => Promise<void>;
}) {
  const client = useQueryClient();
  // Only unsaved changes. Other fields show the saved values, even if another person changes them meanwhile.
  const [draft, setDraft] = useState<Partial<Choices>>({});
  const label = useId();
  const { data: repository } = useQuery({
    ...repositoryQuery(orgId, link.repo_id, undefined),
    enabled: link.reachable,
  });
  const saved: Choices = { branch: link.default_branch, root: link.settings.root_directory ?? "" };
  const choices = { ...saved, ...draft };
  const isChanged = choices.branch !== saved.branch || choices.root !== saved.root;

  const patch = (body: Patch) =>
    fetchBody(
      api.PATCH("/api/v1/{org_id}/projects/{project_id}/repository", {
        params: { path: { org_id: orgId, project_id: link.project_id } },
        body,
      }),
    );
  const show = (repository: Link) =>
    client.setQueryData<Project>(
      ["project", orgId, link.project_id],
      (project) => project && { ...project, repository },
    );
  const save = useMutation({
    mutationFn: () =>
      patch({
        ...(choices.branch !== saved.branch && { default_branch: choices.branch }),
        ...(choices.root !== saved.root && { settings: { root_directory: choices.root || null } }),
      }),
    onSuccess: async (changed) => {
      show(changed);
      setDraft({});
      notify("Settings saved");
      await onChanged();
    },
  });
  const toggle = useMutation({
    mutationFn: (webhooks_enabled: boolean) => patch({ webhooks_enabled }),
    onSuccess: async (changed) => {
      show(changed);
      notify(changed.webhooks_enabled ? "Events resumed" : "Events paused");
      await onChanged();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isChanged && !denialReason && !save.isPending) save.mutate();
  };
  const errorAt = (part: FormPart): ReactNode =>
    save.error &&
    formPartOf(save.error) === part && <ProblemAlert error={save.error} message={messageOf(save.error)} />;
  // Shows the requested value while the request is pending.
  const isOn = toggle.isPending ? toggle.variables : link.webhooks_enabled;
  return (
    <Card>
      <CardHeader>
        <CardTitle>Settings</CardTitle>
      </CardHeader>
      <CardBody className="space-y-6">
        <div className="space-y-3">
          <div className="flex items-start justify-between gap-6">
            <div>
              <p id={label} className="text-sm font-medium">
                Receive events
              </p>
              <p id={`${label}-hint`} className="text-xs text-muted-foreground">
                Turn off to stop events for this project. Events that arrive in the meantime aren’t sent to the project
                later, but they’re recorded under Events.
              </p>
            </div>
            <WithReason reason={denialReason}>
              <Switch
                aria-labelledby={label}
                aria-describedby={`${label}-hint`}
                checked={isOn}
                disabled={toggle.isPending}
                onClick={() => toggle.mutate(!link.webhooks_enabled)}
              />
            </WithReason>
          </div>
          {toggle.error && <ProblemAlert error={toggle.error} />}
        </div>
        <hr />
        <UnsavedChanges isChanged={isChanged && !denialReason} />
        <form className="max-w-2xl space-y-5" onSubmit={submit}>
          <ChoiceFields
            orgId={orgId}
            repoId={link.repo_id}
            defaultBranch={repository?.default_branch}
            choices={choices}
            disabled={denialReason !== null}
            errors={{ branch: errorAt("branch"), root: errorAt("root") }}
            onChange={(changed) => setDraft({ ...draft, ...changed })}
          />
          {errorAt("form")}
          {errorAt("name")}
          <div className="flex gap-2">
            <WithReason reason={denialReason ?? (isChanged ? null : "No changes to save")}>
              <Button type="submit" variant="primary" disabled={save.isPending}>
                {save.isPending ? "Saving…" : "Save"}
              </Button>
            </WithReason>
            {isChanged && (
              <Button
                disabled={save.isPending}
                onClick={() => {
                  setDraft({});
                  save.reset();
                }}
              >
                Discard
              </Button>
            )}
          </div>
        </form>
      </CardBody>
    </Card>
  );
}
