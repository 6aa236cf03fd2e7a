import { type Clock, systemClock } from "#runtime/clock.ts";
import { BudgetOperations } from "./budgets.ts";
import { Caller, type RequestObserver } from "./caller.ts";
import { type ConnectionOptions, connector } from "./connection.ts";
import { EndpointOperations } from "./endpoints.ts";
import { ModelDefinitionOperations } from "./model-definitions.ts";
import { RETRY_POLICY, type RetryPolicy } from "./retry.ts";
import { SecretOperations } from "./secrets.ts";
import { ServerOperations } from "./server.ts";
import { HttpTransport, type Transport } from "./transport.ts";

export interface GatewayClientOptions extends ConnectionOptions {
  /** Of one request, from connecting to the last byte. @default 30 000 */
  readonly timeoutMs?: number;
  readonly retry?: Partial<RetryPolicy>;
  /** Ends calls in flight and refuses later ones. */
  readonly signal?: AbortSignal;
  /** Told of every request, repeated ones too; for counting and timing. */
  readonly onRequest?: RequestObserver;
  /** @default HTTP with a new connection per request */
  readonly transport?: Transport;
  /** @default the system's */
  readonly clock?: Clock;
  /** Spreads retries; from 0 up to 1. @default Math.random */
  readonly random?: () => number;
}

const TIMEOUT_MS = 30_000;

/**
 * Typed client of the AI Gateway of an MLflow server (3.11.1 or newer; budgets of USER scope need
 * 3.16). Names on the wire are MLflow's own. Each write is checked before it is sent
 * (`GatewayRequestError`) and compared with the server's answer afterwards
 * (`GatewayResponseError`), because MLflow answers 200 to requests that it understood in part.
 * Failed calls throw a `GatewayCallError`; idempotent ones are repeated first, creates only when
 * the server certainly did not act. Keep at most 8 calls in flight: more can exhaust the database
 * connections of a server with one worker.
 */
export class GatewayClient {
  readonly secrets: SecretOperations;
  readonly modelDefinitions: ModelDefinitionOperations;
  readonly endpoints: EndpointOperations;
  readonly budgets: BudgetOperations;
  readonly server: ServerOperations;

  constructor(options: GatewayClientOptions) {
    const caller = new Caller({
      connect: connector(options),
      transport: options.transport ?? new HttpTransport(),
      clock: options.clock ?? systemClock,
      random: options.random ?? Math.random,
      policy: { ...RETRY_POLICY, ...options.retry },
      timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
      signal: options.signal,
      onRequest: options.onRequest,
    });
    this.secrets = new SecretOperations(caller);
    this.modelDefinitions = new ModelDefinitionOperations(caller);
    this.endpoints = new EndpointOperations(caller);
    this.budgets = new BudgetOperations(caller);
    this.server = new ServerOperations(caller);
  }
}
