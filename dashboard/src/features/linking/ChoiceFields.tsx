import type { ReactNode } from "react";
import { Field } from "@/components/ui/field";
import { Input } from "@/components/ui/input";
import { BranchPicker } from "@/features/linking/BranchPicker";

/** The settings of a link that people choose. */
export interface Choices {
  branch: string;
  root: string;
}

/** The branch that a project uses, and the folder of the project in the repository. */
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
  /** The repository’s default branch, if it is known. */
  defaultBranch?: string | null | undefined;
  choices: Choices;
  disabled?: boolean;
  errors: { branch?: ReactNode; root?: ReactNode };
  onChange: (changed: Partial<Choices>) => void;
}) {
  return (
    <>
      <Field label="Branch" hint={branchHint(choices.branch, defaultBranch ?? null)} error={errors.branch}>
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
        hint="Folder of this project, for example apps/web. The project receives pushes that change files in it. Leave empty for the repository root."
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

// The branch does not filter events.
const ABOUT_BRANCH = "The branch that this project uses. Events from all branches are delivered.";

function branchHint(branch: string, defaultBranch: string | null): string {
  if (!defaultBranch) return ABOUT_BRANCH;
  return branch === defaultBranch
    ? `${ABOUT_BRANCH} If the repository’s default branch changes on GitHub, this setting changes too.`
    : `${ABOUT_BRANCH} The repository’s default branch is ${defaultBranch}.`;
}
