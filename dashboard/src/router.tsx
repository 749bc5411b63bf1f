import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  notFound,
  Outlet,
  parseSearchWith,
  redirect,
  stringifySearchWith,
} from "@tanstack/react-router";
import { NotFound } from "@/components/layout/NotFound";
import { PageSkeleton } from "@/components/layout/PageSkeleton";
import { RouteError } from "@/components/layout/RouteError";
import { Shell } from "@/components/layout/Shell";
import { isAboutUser } from "@/features/connections/isAboutUser";
import { STATUSES } from "@/features/events/statuses";
import { currentUserQuery } from "@/hooks/useCurrentUser";
import type { Attribution, CurrentUser, WebhookEvent } from "@/lib/api/types";
import { queryClient } from "@/lib/query";
import { goToSignIn, isSignedOut } from "@/lib/signIn";

/** The search text and the chosen repository of the selector, in the address. */
interface ChoiceSearch {
  q?: string | undefined;
  repository?: string | undefined;
}

interface AttributionSearch {
  status?: Attribution["status"] | undefined;
  project?: string | undefined;
}

interface EventSearch {
  status?: WebhookEvent["status"] | undefined;
  event?: string | undefined;
  id?: string | undefined;
}

/** The result of a connect flow, in the address it returns to. */
interface ReturnSearch {
  refused?: string | undefined;
  /** The GitHub account that was refused. */
  account?: string | undefined;
  /** The provider that was just connected. */
  connected?: string | undefined;
}

// The limit of the service.
const MAX_SEARCH_LENGTH = 256;

const LAST_ORGANIZATION = "crewkit-organization";

/** Return the current user. Without a session, the browser goes to sign-in and returns to this address. */
async function requireUser(): Promise<CurrentUser> {
  try {
    return await queryClient.ensureQueryData({ ...currentUserQuery, revalidateIfStale: true });
  } catch (error) {
    if (!isSignedOut(error as Error)) throw error;
    goToSignIn();
    // The browser is leaving, so nothing is shown.
    return new Promise(() => {});
  }
}

/** Return the id of the last open organization, or of the first one, or null if the user has none. */
async function lastOrganization(): Promise<string | null> {
  const { organizations } = await requireUser();
  const last = localStorage.getItem(LAST_ORGANIZATION);
  return (organizations.find((organization) => organization.id === last) ?? organizations[0])?.id ?? null;
}

// The router parses values that look like numbers or booleans.
const toText = (value: unknown): string | undefined =>
  ["string", "number", "boolean"].includes(typeof value) ? String(value) || undefined : undefined;

// The service would reject a value that is not an id.
const toId = (value: unknown): string | undefined =>
  typeof value === "string" && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value) ? value : undefined;

// Only the form of an account name: the address could contain any text that an attacker wants to show.
const toAccount = (value: unknown): string | undefined => {
  const text = toText(value);
  return text && /^[A-Za-z0-9][A-Za-z0-9_-]{0,38}$/.test(text) ? text : undefined;
};

const readReturn = (search: Record<string, unknown>): ReturnSearch => ({
  refused: toText(search.refused),
  account: toAccount(search.account),
  connected: toText(search.connected),
});

const root = createRootRoute({ component: Outlet, notFoundComponent: NotFound, errorComponent: RouteError });

const start = createRoute({
  getParentRoute: () => root,
  path: "/",
  beforeLoad: () => {
    throw redirect({ to: "/kit" });
  },
});

const home = createRoute({
  getParentRoute: () => root,
  path: "/kit",
  validateSearch: (search): ReturnSearch => readReturn(search),
  beforeLoad: async ({ search }) => {
    const orgId = await lastOrganization();
    if (!orgId) return;
    const params = { orgId };
    const { refused } = search;
    if (refused === undefined) throw redirect({ to: "/kit/$orgId/projects", params });
    if (isAboutUser(refused)) throw redirect({ to: "/kit/$orgId/account/connections", params, search: { refused } });
    throw redirect({ to: "/kit/$orgId/settings/integrations", params, search: { refused } });
  },
  component: lazyRouteComponent(() => import("@/components/layout/NoOrganization"), "NoOrganization"),
});

// Addresses without an organization, for documentation and bookmarks.
const PAGES = [
  "/projects",
  "/projects/import",
  "/events",
  "/attribution",
  "/audit",
  "/settings/integrations",
  "/account/connections",
] as const;
const withoutOrganization = PAGES.map((page) =>
  createRoute({
    getParentRoute: () => root,
    path: `/kit${page}`,
    beforeLoad: async ({ location }) => {
      const orgId = await lastOrganization();
      if (!orgId) throw redirect({ to: "/kit" });
      throw redirect({ to: `/kit/$orgId${page}`, params: { orgId }, search: location.search, replace: true });
    },
  }),
);

const organization = createRoute({
  getParentRoute: () => root,
  path: "/kit/$orgId",
  beforeLoad: async ({ params }) => {
    const { organizations } = await requireUser();
    if (!organizations.some((organization) => organization.id === params.orgId)) throw notFound();
    localStorage.setItem(LAST_ORGANIZATION, params.orgId);
  },
  component: Shell,
});

const inOrganization = <Path extends string>(path: Path) => ({ getParentRoute: () => organization, path }) as const;

const readChoice = (search: Record<string, unknown>): ChoiceSearch => ({
  q: toText(search.q)?.slice(0, MAX_SEARCH_LENGTH),
  repository: toText(search.repository),
});

const first = createRoute({
  ...inOrganization("/"),
  beforeLoad: ({ params }) => {
    throw redirect({ to: "/kit/$orgId/projects", params });
  },
});

const projects = createRoute({
  ...inOrganization("/projects"),
  validateSearch: (search): { linked?: boolean | undefined } => ({
    linked: typeof search.linked === "boolean" ? search.linked : undefined,
  }),
  component: lazyRouteComponent(() => import("@/features/projects/ProjectsPage"), "ProjectsPage"),
});

const importPage = createRoute({
  ...inOrganization("/projects/import"),
  validateSearch: readChoice,
  component: lazyRouteComponent(() => import("@/features/import/ImportPage"), "ImportPage"),
});

const repository = createRoute({
  ...inOrganization("/projects/$projectId/repository"),
  validateSearch: (search): ChoiceSearch & { change?: true | undefined } => ({
    ...readChoice(search),
    change: search.change === true || undefined,
  }),
  component: lazyRouteComponent(() => import("@/features/links/RepositoryPage"), "RepositoryPage"),
});

const events = createRoute({
  ...inOrganization("/events"),
  validateSearch: (search): EventSearch => ({
    status: STATUSES.find((status) => status === search.status),
    event: typeof search.event === "string" && /^[a-z_]{1,64}$/.test(search.event) ? search.event : undefined,
    id: typeof search.id === "string" ? search.id : undefined,
  }),
  component: lazyRouteComponent(() => import("@/features/events/EventsPage"), "EventsPage"),
});

const attribution = createRoute({
  ...inOrganization("/attribution"),
  validateSearch: (search): AttributionSearch => ({
    status: (["matched", "unmatched", "bot"] as const).find((status) => status === search.status),
    project: toId(search.project),
  }),
  component: lazyRouteComponent(() => import("@/features/attribution/AttributionPage"), "AttributionPage"),
});

const audit = createRoute({
  ...inOrganization("/audit"),
  component: lazyRouteComponent(() => import("@/features/audit/AuditPage"), "AuditPage"),
});

const integrations = createRoute({
  ...inOrganization("/settings/integrations"),
  validateSearch: (search): ReturnSearch => readReturn(search),
  component: lazyRouteComponent(() => import("@/features/integrations/IntegrationsPage"), "IntegrationsPage"),
});

const connections = createRoute({
  ...inOrganization("/account/connections"),
  validateSearch: (search): ReturnSearch => readReturn(search),
  component: lazyRouteComponent(() => import("@/features/connections/ConnectionsPage"), "ConnectionsPage"),
});

export const router = createRouter({
  routeTree: root.addChildren([
    start,
    home,
    ...withoutOrganization,
    organization.addChildren([
      first,
      projects,
      importPage,
      repository,
      events,
      attribution,
      audit,
      integrations,
      connections,
    ]),
  ]),
  // Search texts are in the address as they are, without the quotation marks of JSON.
  parseSearch: parseSearchWith((text) => text),
  stringifySearch: stringifySearchWith(String),
  defaultPreload: "intent",
  defaultErrorComponent: RouteError,
  defaultNotFoundComponent: NotFound,
  defaultPendingComponent: PageSkeleton,
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
