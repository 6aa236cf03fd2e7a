import { type Disposition, GatewayOpsError } from "#runtime/errors.ts";

/** A call to AWS failed in a way that no adapter knows better. */
class AwsCallError extends GatewayOpsError {
  override readonly name = "AwsCallError";
  readonly code = "aws-call";
  readonly disposition: Disposition = "retry";
}

/** Names of errors that a person may have caused and can mend. */
const EXPLANATIONS: Readonly<Record<string, string>> = {
  AccessDeniedException: "the function's role does not allow it",
  AccessDenied: "the function's role does not allow it",
  AbortError: "its time was over",
};

/** What goes with every call of an adapter. */
export interface CallOptions {
  readonly abortSignal?: AbortSignal;
}

export function callOptions(abortSignal: AbortSignal | undefined): CallOptions {
  return abortSignal ? { abortSignal } : {};
}

/** Runs a call; what it throws becomes an {@link AwsCallError} naming the operation. */
export async function awsCall<R>(operation: string, call: () => Promise<R>): Promise<R> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof GatewayOpsError) throw error;
    const name = errorName(error);
    const reason = EXPLANATIONS[name] ?? (error as Error).message;
    throw new AwsCallError(`${operation} failed with ${name}: ${reason}`, { cause: error });
  }
}

export function errorName(error: unknown): string {
  return (error as { name?: string } | undefined)?.name ?? "unknown error";
}
