import type { Problem } from "@/lib/api/types";

/** An answer that is an error: RFC 9457, with the service's stable `code` and the request's id. */
export class ApiProblem extends Error {
  override name = "ApiProblem";

  constructor(
    readonly problem: Problem,
    /** Seconds to wait, where the service said so. */
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

  /** What is wrong with one field of what was sent. */
  fieldError(field: string): string | undefined {
    return this.problem.errors?.find((one) => one.field === field)?.message;
  }
}

/** No answer came at all: the network, or the service itself, is down. */
export class Unreachable extends Error {
  override name = "Unreachable";

  constructor(options?: ErrorOptions) {
    super("The service cannot be reached. Check your connection and try again.", options);
  }
}
