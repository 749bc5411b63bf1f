import type { Problem } from "@/lib/api/types";

/** An error response (RFC 9457), with its stable `code` and the request id. */
export class ApiProblem extends Error {
  override name = "ApiProblem";

  constructor(
    readonly problem: Problem,
    /** Seconds to wait before a retry, if the service sent them. */
    readonly retryAfter: number | null = null,
  ) {
    super(problem.detail);
  }

  get status(): number {
    return this.problem.status;
  }

  get code(): string {
    return this.problem.code;
  }

  get requestId(): string {
    return this.problem.request_id;
  }

  /** Return the message for error field of the request. */
  fieldError(field: string): string | undefined {
    return this.problem.errors?.find((error) => error.field === field)?.message;
  }
}

/** There was no response: the network or the service is down. */
export class Unreachable extends Error {
  override name = "Unreachable";

  constructor(options?: ErrorOptions) {
    super("Can’t reach crewkit. Check your connection, then try again.", options);
  }
}
