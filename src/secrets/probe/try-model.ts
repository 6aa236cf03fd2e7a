import { assert } from "#runtime/assert.ts";
import { GatewayOpsError } from "#runtime/errors.ts";
import type { Invocation, InvocationAnswer, Invocations } from "./probe-gateway.ts";
import type { Callable, ProbeKind, ProbeModel } from "./probe-model.ts";
import { inconclusive, type ProbeResult } from "./probe-result.ts";

/**
 * Calls the endpoint once, and in another way where the answer says that the model cannot be called
 * like that. `stop` is what ends the whole: only then no answer is thrown as what it is.
 */
export async function tryModel(
  invocations: Invocations,
  endpointName: string,
  { model, kinds }: Callable,
  stop: AbortSignal,
): Promise<ProbeResult> {
  const answers: InvocationAnswer[] = [];
  try {
    for (const kind of kinds) {
      const answer = await callAs(kind, invocations, endpointName);
      answers.push(answer);
      // A model for embeddings that is called for a chat is forbidden by some providers (OpenAI).
      if (!isWrongRequest(answer) && answer.status !== FORBIDDEN) break;
    }
  } catch (error) {
    if (!(error instanceof GatewayOpsError) || stop.aborted) throw error;
    return inconclusive(`a call of ${model.model_name} with it had no answer (${error.code})`);
  }
  const answer = answers.findLast((one) => !isWrongRequest(one)) ?? answers[0];
  assert(answer, "there is a way to call each model");
  return resultOf(model, answer);
}

const TEXT = "ping";
const MESSAGES = [{ role: "user", content: TEXT }];

/** The cheapest first: the next one is for models that refuse the one before, as o3 `max_tokens`. */
const BODIES: Readonly<Record<ProbeKind, readonly Invocation["body"][]>> = {
  chat: [
    { messages: MESSAGES, max_tokens: 1 },
    { messages: MESSAGES, max_completion_tokens: 16 },
  ],
  embeddings: [{ input: TEXT }],
};

async function callAs(
  kind: ProbeKind,
  invocations: Invocations,
  endpoint_name: string,
): Promise<InvocationAnswer> {
  let answer: InvocationAnswer | undefined;
  for (const body of BODIES[kind]) {
    answer = await invocations.invoke({ endpoint_name, body });
    if (answer.outcome !== "failed" || answer.status !== BAD_REQUEST) break;
  }
  assert(answer, "there is a request for each way to call a model");
  return answer;
}

const BAD_REQUEST = 400;
const FORBIDDEN = 403;
/** What a model answers that is called in another way than it can be; it costs nothing. */
const WRONG_REQUEST: readonly number[] = [BAD_REQUEST, 404, 405, 422, 501];

function isWrongRequest({ outcome, status }: InvocationAnswer): boolean {
  return outcome === "failed" && WRONG_REQUEST.includes(status);
}

function resultOf(
  { provider, model_name }: ProbeModel,
  { outcome, status }: InvocationAnswer,
): ProbeResult {
  switch (outcome) {
    case "completed":
      return { verdict: "proven", reason: `a call of ${model_name} with it was answered` };
    case "key-refused":
      return {
        verdict: "refused",
        reason: `${provider} answered ${status} to a call of ${model_name} with it`,
      };
    case "login-refused":
      return inconclusive(`the gateway let nobody in to try it (${status})`);
    case "failed": {
      const why = status === 429 ? ": too many calls, or a budget with REJECT that is used up" : "";
      return inconclusive(`a call of ${model_name} with it was answered with ${status}${why}`);
    }
  }
}
