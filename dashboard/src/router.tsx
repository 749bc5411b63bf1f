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
import { STATUSES } from "@/app/kit/events/statuses";
import { KitLayout } from "@/app/kit/layout";
import { NotFound } from "@/components/layout/NotFound";
import { PageSkeleton } from "@/components/layout/PageSkeleton";
import { RouteError } from "@/components/layout/RouteError";
import { currentUserQuery } from "@/hooks/useCurrentUser";
import { isAboutUser } from "@/lib/aboutUser";
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
const LONGEST_SEARCH = 256;

const LAST_ORGANIZATION = "crewkit-organization";

/** Return the current user. Without a session, the browser goes to sign-in and returns to this address. */
async function signedIn(): Promise<CurrentUser> {
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
  const { organizations } = await signedIn();
  const last = localStorage.getItem(LAST_ORGANIZATION);
  return (organizations.find((one) => one.id === last) ?? organizations[0])?.id ?? null;
}

// The router parses values that look like numbers or booleans.
const textOf = (value: unknown): string | undefined =>
  ["string", "number", "boolean"].includes(typeof value) ? String(value) || undefined : undefined;

// The service would reject a value that is not an id.
const idOf = (value: unknown): string | undefined =>
  typeof value === "string" && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value) ? value : undefined;

// Only the form of an account name: the address could contain any text that an attacker wants to show.
const accountOf = (value: unknown): string | undefined => {
  const text = textOf(value);
  return text && /^[A-Za-z0-9][A-Za-z0-9_-]{0,38}$/.test(text) ? text : undefined;
};

const returnIn = (search: Record<string, unknown>): ReturnSearch => ({
  refused: textOf(search.refused),
  account: accountOf(search.account),
  connected: textOf(search.connected),
});

const root = createRootRoute({ component: Outlet, notFoundComponent: NotFound, errorComponent: RouteError });

const front = createRoute({
  getParentRoute: () => root,
  path: "/",
  beforeLoad: () => {
    throw redirect({ to: "/kit" });
  },
});

const home = createRoute({
  getParentRoute: () => root,
  path: "/kit",
  validateSearch: (search): ReturnSearch => returnIn(search),
  beforeLoad: async ({ search }) => {
    const orgId = await lastOrganization();
    if (!orgId) return;
    const params = { orgId };
    const { refused } = search;
    if (refused === undefined) throw redirect({ to: "/kit/$orgId/projects", params });
    if (isAboutUser(refused))
      throw redirect({ to: "/kit/$orgId/account/connections", params, search: { refused } });
    throw redirect({ to: "/kit/$orgId/settings/integrations", params, search: { refused } });
  },
  component: lazyRouteComponent(() => import("@/app/kit/page"), "NoOrganization"),
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
    const { organizations } = await signedIn();
    if (!organizations.some((one) => one.id === params.orgId)) throw notFound();
    localStorage.setItem(LAST_ORGANIZATION, params.orgId);
  },
  component: KitLayout,
});

const inside = <Path extends string>(path: Path) => ({ getParentRoute: () => organization, path }) as const;

const choiceIn = (search: Record<string, unknown>): ChoiceSearch => ({
  q: textOf(search.q)?.slice(0, LONGEST_SEARCH),
  repository: textOf(search.repository),
});

const first = createRoute({
  ...inside("/"),
  beforeLoad: ({ params }) => {
    throw redirect({ to: "/kit/$orgId/projects", params });
  },
});

const projects = createRoute({
  ...inside("/projects"),
  validateSearch: (search): { linked?: boolean | undefined } => ({
    linked: typeof search.linked === "boolean" ? search.linked : undefined,
  }),
  component: lazyRouteComponent(() => import("@/app/kit/projects/page"), "ProjectsPage"),
});

const importing = createRoute({
  ...inside("/projects/import"),
  validateSearch: choiceIn,
  component: lazyRouteComponent(() => import("@/app/kit/projects/import/page"), "ImportPage"),
});

const repository = createRoute({
  ...inside("/projects/$projectId/repository"),
  validateSearch: (search): ChoiceSearch & { change?: true | undefined } => ({
    ...choiceIn(search),
    change: search.change === true || undefined,
  }),
  component: lazyRouteComponent(() => import("@/app/kit/projects/repository/page"), "RepositoryPage"),
});

const events = createRoute({
  ...inside("/events"),
  validateSearch: (search): EventSearch => ({
    status: STATUSES.find((one) => one === search.status),
    event: typeof search.event === "string" && /^[a-z_]{1,64}$/.test(search.event) ? search.event : undefined,
    id: typeof search.id === "string" ? search.id : undefined,
  }),
  component: lazyRouteComponent(() => import("@/app/kit/events/page"), "EventsPage"),
});

const attribution = createRoute({
  ...inside("/attribution"),
  validateSearch: (search): AttributionSearch => ({
    status: (["matched", "unmatched", "bot"] as const).find((one) => one === search.status),
    project: idOf(search.project),
  }),
  component: lazyRouteComponent(() => import("@/app/kit/attribution/page"), "AttributionPage"),
});

const audit = createRoute({
  ...inside("/audit"),
  component: lazyRouteComponent(() => import("@/app/kit/audit/page"), "AuditPage"),
});

const integrations = createRoute({
  ...inside("/settings/integrations"),
  validateSearch: (search): ReturnSearch => returnIn(search),
  component: lazyRouteComponent(() => import("@/app/kit/settings/integrations/page"), "IntegrationsPage"),
});

const connections = createRoute({
  ...inside("/account/connections"),
  validateSearch: (search): ReturnSearch => returnIn(search),
  component: lazyRouteComponent(() => import("@/app/kit/account/connections/page"), "ConnectionsPage"),
});

export const router = createRouter({
  routeTree: root.addChildren([
    front,
    home,
    ...withoutOrganization,
    organization.addChildren([
      first,
      projects,
      importing,
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
