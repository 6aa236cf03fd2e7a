import { Caller, type RequestObserver } from "#gateway/call/caller.ts";
import { integer } from "#gateway/call/checks.ts";
import { type ConnectionOptions, connector } from "#gateway/http/connection.ts";
import type { Transport } from "#gateway/http/request.ts";
import { RETRY_POLICY, type RetryPolicy } from "#gateway/http/retry.ts";
import { Slots } from "#gateway/http/slots.ts";
import { HttpTransport } from "#gateway/http/transport.ts";
import { BindingOperations } from "#gateway/resources/bindings.ts";
import { BudgetOperations } from "#gateway/resources/budgets.ts";
import { DiscoveryOperations } from "#gateway/resources/discovery.ts";
import { EndpointOperations } from "#gateway/resources/endpoints.ts";
import { GuardrailOperations } from "#gateway/resources/guardrails.ts";
import { ModelDefinitionOperations } from "#gateway/resources/model-definitions.ts";
import { SecretOperations } from "#gateway/resources/secrets.ts";
import { ServerOperations } from "#gateway/resources/server.ts";
import { type PlainClock, systemClock } from "#runtime/clock.ts";
import { OPERATIONS, type Operation, type OperationName, type Operations } from "./operations.ts";

export interface GatewayClientOptions<N extends string = OperationName> extends ConnectionOptions {
  /** Of one request, from connecting to the last byte, in milliseconds. @default 30 000 */
  readonly timeoutMs?: number;
  readonly retry?: Partial<RetryPolicy>;
  /** Requests in flight, 1 to 8; further calls wait for their turn. @default 4 */
  readonly concurrency?: number;
  /** Ends calls in flight and refuses later ones. */
  readonly signal?: AbortSignal;
  /** Told of every request, repeated ones too; for counting and timing. */
  readonly onRequest?: RequestObserver<N>;
  /** @default an {@link HttpTransport} */
  readonly transport?: Transport;
  /** @default the system's */
  readonly clock?: PlainClock;
  /** Spreads retries; from 0 up to 1. @default Math.random */
  readonly random?: () => number;
}

const TIMEOUT_MS = 30_000;
/** With a new connection for each request, the best rate on every kind of server (measured). */
const CONCURRENCY = 4;
/** More can exhaust the database connections of a server with one worker. */
const CONCURRENCY_MAX = 8;

/**
 * Typed client of the AI Gateway of an MLflow server (3.11.1 or newer; guardrails need 3.12, budgets
 * of ENDPOINT scope 3.15 and of USER scope 3.16). Names on the wire are MLflow's own. Each write is
 * checked before it is sent (`GatewayRequestError`) and compared with the server's answer
 * afterwards (`GatewayResponseError`), because MLflow answers 200 to requests that it understood in
 * part. Failed calls throw a `GatewayCallError`. Before that, idempotent calls are repeated; a
 * create is repeated only if the server certainly did not act, or if a look-up finds nothing.
 */
export class GatewayClient {
  readonly secrets: SecretOperations;
  readonly modelDefinitions: ModelDefinitionOperations;
  readonly endpoints: EndpointOperations;
  readonly bindings: BindingOperations;
  readonly budgets: BudgetOperations;
  readonly guardrails: GuardrailOperations;
  readonly discovery: DiscoveryOperations;
  readonly server: ServerOperations;
  readonly #options: GatewayClientOptions;
  readonly #caller: Caller;

  /** A caller is given by {@link GatewayClient.within} only. */
  constructor(options: GatewayClientOptions, caller: Caller = callerOf(options, OPERATIONS)) {
    this.#options = options;
    this.#caller = caller;
    this.discovery = new DiscoveryOperations(caller);
    this.secrets = new SecretOperations(caller);
    this.modelDefinitions = new ModelDefinitionOperations(caller);
    this.endpoints = new EndpointOperations(caller, this.discovery);
    this.bindings = new BindingOperations(caller);
    this.budgets = new BudgetOperations(caller);
    this.guardrails = new GuardrailOperations(caller);
    this.server = new ServerOperations(caller);
  }

  /** The same client, with its connections and all that it learnt; its calls end with the signal too. */
  within(signal: AbortSignal): GatewayClient {
    return new GatewayClient(this.#options, this.#caller.within(signal));
  }
}

/** What the options ask for, over a table of operations. */
export function callerOf<T extends Operations>(
  options: GatewayClientOptions<keyof T & string>,
  operations: T & Readonly<Record<keyof T, Operation>>,
): Caller<T> {
  const { concurrency = CONCURRENCY } = options;
  const place = { operation: "options of GatewayClient", path: "concurrency" };
  integer(1, CONCURRENCY_MAX)(concurrency, place);
  return new Caller({
    operations,
    connect: connector(options),
    transport: options.transport ?? new HttpTransport(),
    slots: new Slots(concurrency),
    clock: options.clock ?? systemClock,
    random: options.random ?? Math.random,
    policy: { ...RETRY_POLICY, ...options.retry },
    timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
    signal: options.signal,
    onRequest: options.onRequest,
  });
}
