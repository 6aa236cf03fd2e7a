import type { Redacted } from "#runtime/redacted.ts";

export interface TransportRequest {
  /** Names the call in errors. */
  readonly operation: string;
  readonly method: string;
  readonly url: URL;
  /** Redacted because they hold the credentials. */
  readonly headers: Redacted<Readonly<Record<string, string>>>;
  /** JSON text; redacted because it may hold a secret value. */
  readonly body: Redacted<string> | undefined;
  /** Sending it twice does no harm. */
  readonly isIdempotent: boolean;
  /** From opening the connection to the last byte of the answer. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

export interface TransportResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * Carries one request and brings back the answer, whatever its status; redirects are an answer
 * too, never followed. Throws a `GatewayCallError` when there is none.
 */
export interface Transport {
  send(request: TransportRequest): Promise<TransportResponse>;
}
