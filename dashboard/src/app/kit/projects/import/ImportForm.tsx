import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useId, useRef, useState } from "react";
import { ProblemAlert } from "@/components/feedback/ProblemAlert";
import { Button } from "@/components/ui/button";
import { Card, CardBody, CardHeader, CardTitle } from "@/components/ui/card";
import { Input, Label } from "@/components/ui/input";
import { PROVIDER } from "@/hooks/useIntegration";
import { answerOf, api } from "@/lib/api/client";
import type { Repository } from "@/lib/api/types";
import { notify } from "@/lib/notices";

/** What the new project is called, which branch it follows, and where in the repository it is. */
export function ImportForm({
  orgId,
  repository,
  onBack,
}: {
  orgId: string;
  repository: Repository;
  onBack: () => void;
}) {
  const id = useId();
  const [name, setName] = useState(repository.name);
  const [branch, setBranch] = useState(repository.default_branch ?? "main");
  const [root, setRoot] = useState("");
  // The same for every click on what was not changed since, so that a second one makes no second project.
  const attempt = useRef({ of: "", key: "" });
  const client = useQueryClient();
  const navigate = useNavigate();
  const importing = useMutation({
    mutationFn: () => {
      const body = {
        repo_id: repository.id,
        provider: PROVIDER,
        name,
        default_branch: branch,
        settings: { root_directory: root || null },
      };
      const of = JSON.stringify(body);
      if (attempt.current.of !== of) attempt.current = { of, key: crypto.randomUUID() };
      return answerOf(
        api.POST("/api/v1/{org_id}/projects/import", {
          params: { path: { org_id: orgId }, header: { "Idempotency-Key": attempt.current.key } },
          body,
        }),
      );
    },
    onSuccess: async (project) => {
      await client.invalidateQueries({ queryKey: ["projects", orgId] });
      notify(`${project.name} follows ${repository.full_name}.`);
      await navigate({
        to: "/kit/$orgId/projects/$projectId/repository",
        params: { orgId, projectId: project.id },
      });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!importing.isPending) importing.mutate();
  };
  const fields = [
    { field: "name", label: "Project name", value: name, set: setName, required: true },
    { field: "default_branch", label: "Branch to follow", value: branch, set: setBranch, required: true },
    { field: "root", label: "Root directory", value: root, set: setRoot, required: false },
  ];
  return (
    <Card>
      <CardHeader>
        <CardTitle>Import {repository.full_name}</CardTitle>
      </CardHeader>
      <CardBody>
        <form className="space-y-4" onSubmit={submit}>
          {fields.map((one) => (
            <div key={one.field} className="space-y-1">
              <Label htmlFor={`${id}-${one.field}`}>{one.label}</Label>
              <Input
                id={`${id}-${one.field}`}
                value={one.value}
                required={one.required}
                maxLength={255}
                onChange={(event) => one.set(event.target.value)}
              />
            </div>
          ))}
          {importing.error && <ProblemAlert error={importing.error} />}
          <div className="flex gap-2">
            <Button type="submit" variant="primary" disabled={importing.isPending}>
              {importing.isPending ? "Importing…" : "Import"}
            </Button>
            <Button onClick={onBack}>Choose another</Button>
          </div>
        </form>
      </CardBody>
    </Card>
  );
}
