import { useNavigate } from "@tanstack/react-router";
import { ChevronsUpDown } from "lucide-react";
import { useCurrentUser } from "@/hooks/useCurrentUser";
import { useOrganization } from "@/hooks/useOrganization";

/** The current organization and role. A transparent native select on top changes the organization. */
export function OrganizationSwitcher() {
  const here = useOrganization();
  const { organizations } = useCurrentUser();
  const navigate = useNavigate();
  return (
    <div className="relative flex items-center gap-2 rounded-lg border bg-card px-3 py-2 focus-within:outline-2 focus-within:outline-ring hover:bg-muted">
      <div className="min-w-0 flex-1" aria-hidden="true">
        <div className="truncate text-sm font-medium">{here.name}</div>
        <div className="text-xs text-muted-foreground capitalize">{here.role}</div>
      </div>
      <ChevronsUpDown className="size-4 shrink-0 text-muted-foreground" aria-hidden="true" />
      <select
        aria-label="Organization"
        className="absolute inset-0 cursor-pointer opacity-0"
        value={here.id}
        onChange={(event) => navigate({ to: "/kit/$orgId/projects", params: { orgId: event.target.value } })}
      >
        {organizations.map((organization) => (
          <option key={organization.id} value={organization.id}>
            {organization.name} ({organization.role})
          </option>
        ))}
      </select>
    </div>
  );
}
