import createClient, { type Middleware } from "openapi-fetch";
import { ApiProblem, Unreachable } from "@/lib/api/problem";
import type { paths } from "@/lib/api/schema";
import type { Problem } from "@/lib/api/types";
import { observeDate } from "@/lib/clock";
import { sessionStore } from "@/lib/session";

/** A client of the REST API. Its types come from the OpenAPI document, so unknown calls do not compile. */
export const api = createClient<paths>({ baseUrl: "" });

const errorsAreThrown: Middleware = {
  onRequest() {
    // Lists keep polling, but without a session the service would refuse each of their requests.
    if (sessionStore.hasEnded()) throw new ApiProblem(SESSION_ENDED);
  },
  async onResponse({ response }) {
    observeDate(response.headers.get("date"));
    // Other types come from a proxy or from the sign-in page of a network.
    const isFromService = response.status === 204 || response.headers.get("content-type")?.includes("json");
    if (response.ok && isFromService) return undefined;
    throw new ApiProblem(await problemOf(response), retryAfterOf(response));
  },
  onError({ error }) {
    // The user left the page. TanStack Query handles its own abort.
    if (error instanceof DOMException && error.name === "AbortError") return error;
    return new Unreachable({ cause: error });
  },
};

api.use(errorsAreThrown);

const SESSION_ENDED: Problem = {
  type: "about:blank",
  title: "Unauthorized",
  status: 401,
  detail: "Your session has ended. Sign in to continue.",
  code: "session_ended",
  request_id: "",
  errors: [],
};

/** Return the response body of a call. Errors are thrown as `ApiProblem` or `Unreachable`. */
export async function fetchBody<T>(call: Promise<{ data?: T }>): Promise<NonNullable<T>> {
  const { data } = await call;
  if (data === undefined || data === null) throw new Unreachable();
  return data;
}

async function problemOf(response: Response): Promise<Problem> {
  try {
    if (response.headers.get("content-type")?.startsWith("application/problem+json")) return await response.json();
  } catch {
    // The body is not valid JSON.
  }
  return {
    type: "about:blank",
    title: response.statusText,
    // The success status of a foreign response means nothing.
    status: response.ok ? 502 : response.status,
    detail: "The service returned an unexpected response. Try again in a moment.",
    code: "unexpected_answer",
    request_id: response.headers.get("x-request-id") ?? "",
    errors: [],
  };
}

function retryAfterOf(response: Response): number | null {
  const seconds = Number(response.headers.get("retry-after") ?? Number.NaN);
  return Number.isFinite(seconds) ? seconds : null;
}
