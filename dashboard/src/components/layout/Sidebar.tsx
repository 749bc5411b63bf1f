import { Link } from "@tanstack/react-router";
import { Activity, FolderGit2, Import, type LucideIcon, Plug, ScrollText, UserRound, Users } from "lucide-react";
import { OrganizationSwitcher } from "@/components/layout/OrganizationSwitcher";
import { ThemeToggle } from "@/components/layout/ThemeToggle";
import { useCurrentUser } from "@/hooks/useCurrentUser";
import { useOrganization } from "@/hooks/useOrganization";

const ENTRIES = [
  { to: "/kit/$orgId/projects", label: "Projects", icon: FolderGit2 },
  { to: "/kit/$orgId/projects/import", label: "Import", icon: Import },
  { to: "/kit/$orgId/events", label: "Events", icon: Activity },
  { to: "/kit/$orgId/attribution", label: "Attribution", icon: Users },
  { to: "/kit/$orgId/audit", label: "Audit log", icon: ScrollText },
  { to: "/kit/$orgId/settings/integrations", label: "Integrations", icon: Plug },
] as const satisfies readonly { to: string; label: string; icon: LucideIcon }[];

const ENTRY =
  "flex items-center gap-2.5 rounded-md px-2.5 py-1.5 text-sm text-muted-foreground hover:bg-muted hover:text-foreground [&_svg]:size-4";
const HERE = { className: "bg-muted font-medium text-foreground!" };

export function Sidebar({ onNavigate }: { onNavigate?: () => void }) {
  const organization = useOrganization();
  const user = useCurrentUser();
  return (
    <div className="flex h-full flex-col gap-4 p-4">
      <OrganizationSwitcher />
      <nav aria-label="Main" className="flex-1">
        <ul className="space-y-0.5">
          {ENTRIES.map(({ to, label, icon: Icon }) => (
            <li key={to}>
              <Link
                to={to}
                params={{ orgId: organization.id }}
                activeOptions={{ exact: true, includeSearch: false }}
                activeProps={HERE}
                className={ENTRY}
                onClick={onNavigate}
              >
                <Icon aria-hidden="true" />
                {label}
              </Link>
            </li>
          ))}
        </ul>
      </nav>
      <div className="space-y-0.5 border-t pt-3">
        <Link
          to="/kit/$orgId/account/connections"
          params={{ orgId: organization.id }}
          activeProps={HERE}
          className={ENTRY}
          onClick={onNavigate}
        >
          <UserRound aria-hidden="true" />
          <span className="truncate">{user.name ?? user.email}</span>
        </Link>
        <ThemeToggle className={ENTRY} />
      </div>
    </div>
  );
}
