import { GatewayClient, type GatewayClientOptions } from "#gateway/client.ts";
import type { Transport, TransportRequest, TransportResponse } from "#gateway/http/request.ts";

/** When the fake's clock starts. */
export const NOW_MS = Date.parse("2026-11-23T12:00:00Z");

interface SentRequest {
  readonly operation: string;
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

export type FakeAnswer = Partial<TransportResponse> | { readonly json: unknown } | Error;

/**
 * A client whose transport gives the answers in turn, and whose clock only moves when it sleeps.
 */
export function scriptedGateway(
  answers: readonly FakeAnswer[],
  options: Partial<GatewayClientOptions> = {},
) {
  const requests: SentRequest[] = [];
  const sleepsMs: number[] = [];
  let nowMs = NOW_MS;
  const transport: Transport = {
    send(request) {
      requests.push(opened(request));
      const answer = answers[requests.length - 1] ?? new Error("no answer left");
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(complete(answer));
    },
  };
  const client = new GatewayClient({
    trackingUri: "https://mlflow.example.com",
    transport,
    random: () => 1,
    clock: {
      nowMs: () => nowMs,
      sleep: (durationMs) => {
        sleepsMs.push(durationMs);
        nowMs += durationMs;
        return Promise.resolve();
      },
    },
    ...options,
  });
  return { client, requests, sleepsMs };
}

function opened({ operation, method, url, headers, body }: TransportRequest): SentRequest {
  return {
    operation,
    method,
    url: url.href,
    headers: headers.reveal(),
    body: body && JSON.parse(body.reveal()),
  };
}

function complete(answer: Exclude<FakeAnswer, Error>): TransportResponse {
  const { json, ...rest } = { json: undefined, ...answer };
  return { status: 200, headers: {}, body: JSON.stringify(json ?? {}), ...rest };
}

/** The error that a promise is rejected with. */
export async function failureOf(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error("the promise was not rejected with an error");
}

const TIMES = { created_at: 1, last_updated_at: 2 };

export const aSecretEntity = (changes: object = {}) => ({
  secret_id: "s-1",
  secret_name: "openai",
  masked_values: { api_key: "sk-...cdef" },
  ...TIMES,
  ...changes,
});

export const aModelDefinitionEntity = (changes: object = {}) => ({
  model_definition_id: "d-1",
  name: "gpt-4o",
  secret_id: "s-1",
  secret_name: "openai",
  provider: "openai",
  model_name: "gpt-4o",
  ...TIMES,
  ...changes,
});

export const aMapping = (changes: object = {}) => ({
  mapping_id: "m-1",
  endpoint_id: "e-1",
  model_definition_id: "d-1",
  linkage_type: "PRIMARY",
  weight: 1,
  ...changes,
});

export const anEndpointEntity = (changes: object = {}) => ({
  endpoint_id: "e-1",
  name: "chat",
  model_mappings: [aMapping()],
  ...TIMES,
  ...changes,
});

export const aBudgetEntity = (changes: object = {}) => ({
  budget_policy_id: "bp-1",
  budget_unit: "USD",
  budget_amount: 10,
  duration: { unit: "DAYS", value: 1 },
  target_scope: "GLOBAL",
  budget_action: "ALERT",
  ...TIMES,
  ...changes,
});

export const aBinding = (changes: object = {}) => ({
  endpoint_id: "e-1",
  resource_type: "scorer",
  resource_id: "sc-1",
  ...TIMES,
  ...changes,
});

export const aGuardrailEntity = (changes: object = {}) => ({
  guardrail_id: "gr-1",
  name: "no-secrets",
  scorer: { scorer_id: "a787207c", scorer_version: 1, scorer_name: "judge", experiment_id: 16 },
  stage: "BEFORE",
  action: "VALIDATION",
  ...TIMES,
  ...changes,
});
