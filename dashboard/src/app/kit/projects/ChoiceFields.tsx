import type { ReactNode } from "react";
import { BranchPicker } from "@/components/git/BranchPicker";
import { Field } from "@/components/ui/field";
import { Input } from "@/components/ui/input";

/** What people choose of a link. */
export interface Choices {
  branch: string;
  root: string;
}

/** The branch that counts for a project, and where in the repository the project is. */
export function ChoiceFields({
  orgId,
  repoId,
  defaultBranch,
  choices,
  disabled = false,
  errors,
  onChange,
}: {
  orgId: string;
  repoId: string;
  /** The repository's own, where it is known. */
  defaultBranch?: string | null | undefined;
  choices: Choices;
  disabled?: boolean;
  errors: { branch?: ReactNode; root?: ReactNode };
  onChange: (changed: Partial<Choices>) => void;
}) {
  return (
    <>
      <Field
        label="Branch to follow"
        hint={branchHint(choices.branch, defaultBranch ?? null)}
        error={errors.branch}
      >
        {(field) => (
          <BranchPicker
            {...field}
            orgId={orgId}
            repoId={repoId}
            value={choices.branch}
            disabled={disabled}
            onChange={(branch) => onChange({ branch })}
          />
        )}
      </Field>
      <Field
        label="Root directory"
        hint="Where in the repository the project is, such as apps/web. Empty: the repository’s root."
        error={errors.root}
      >
        {(field) => (
          <Input
            {...field}
            value={choices.root}
            disabled={disabled}
            maxLength={512}
            placeholder="./"
            autoComplete="off"
            spellCheck={false}
            onChange={(event) => onChange({ root: event.target.value })}
          />
        )}
      </Field>
    </>
  );
}

function branchHint(branch: string, defaultBranch: string | null): string {
  if (!defaultBranch) return "The branch that counts for this project.";
  return branch === defaultBranch
    ? "The repository’s default branch. Should GitHub’s default become another, this follows."
    : `The repository’s default branch is ${defaultBranch}. What is chosen here stays.`;
}
