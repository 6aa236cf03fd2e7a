import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { Redacted } from "#runtime/redacted.ts";
import { requirePort } from "./ports.ts";

/** What one call costs has to be large enough to cross a budget in a few calls. */
const DEFAULT_PROMPT_TOKENS = 100_000;
const DEFAULT_COMPLETION_TOKENS = 50_000;

interface TokenUsage {
  readonly promptTokens: number;
  readonly completionTokens: number;
}

export interface UpstreamOptions extends Partial<TokenUsage> {
  readonly port?: number;
}

/** One chat completion, or one embedding, that somebody asked for, answered or refused. */
interface UpstreamCall {
  readonly key: Redacted<string>;
  readonly model: string;
  readonly status: number;
  readonly atMs: number;
}

export interface Upstream {
  /** The `api_base` of a provider secret. */
  readonly url: string;
  calls(): readonly UpstreamCall[];
  /** The next `count` calls fail with this HTTP status; with 0 they are never answered. */
  failNext(count: number, status: number): void;
  /** What every completion from now on says it has used; with zero tokens calls cost nothing. */
  setUsage(usage: TokenUsage): void;
  stop(): Promise<void>;
}

/**
 * An OpenAI-compatible provider on 127.0.0.1 that accepts any key and remembers which one each
 * call used: that is how a run shows that a new secret has reached live traffic.
 */
export async function startUpstream(options: UpstreamOptions = {}): Promise<Upstream> {
  const calls: UpstreamCall[] = [];
  const failures: number[] = [];
  let usage = usageOf(options);
  const port = options.port === undefined ? 0 : await requirePort(options.port, "--upstream-port");

  const answer = async (
    request: IncomingMessage,
    response: ServerResponse,
    answerOf: (model: string, usage: Usage) => object,
  ): Promise<void> => {
    const model = modelOf(await text(request));
    const status = failures.shift() ?? (model === undefined ? 400 : 200);
    const key = new Redacted((request.headers.authorization ?? "").replace(/^Bearer /, ""));
    calls.push({ key, model: model ?? "", status, atMs: Date.now() });
    if (status === 0) return;
    send(response, status, status === 200 ? answerOf(model ?? "", usage) : failure(status));
  };
  const server = createServer((request, response) => {
    const answerOf = request.method === "POST" ? ANSWERS[request.url ?? ""] : undefined;
    if (answerOf) {
      answer(request, response, answerOf).catch(() => response.destroy());
    } else if (request.method === "GET" && request.url === "/v1/models") {
      send(response, 200, { object: "list", data: [{ id: "gpt-4o", object: "model" }] });
    } else {
      send(response, 404, failure(404));
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    calls: () => [...calls],
    failNext(count, status) {
      failures.push(...Array<number>(count).fill(status));
    },
    setUsage(next) {
      usage = usageOf(next);
    },
    async stop() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

interface Usage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
}

function usageOf(options: Partial<TokenUsage>): Usage {
  const prompt = options.promptTokens ?? DEFAULT_PROMPT_TOKENS;
  const completed = options.completionTokens ?? DEFAULT_COMPLETION_TOKENS;
  return {
    prompt_tokens: prompt,
    completion_tokens: completed,
    total_tokens: prompt + completed,
  };
}

function modelOf(body: string): string | undefined {
  try {
    const { model } = JSON.parse(body) as { model?: unknown };
    return typeof model === "string" ? model : undefined;
  } catch {
    return undefined;
  }
}

function completion(model: string, usage: Usage): object {
  return {
    id: "chatcmpl-stub",
    object: "chat.completion",
    created: Math.floor(Date.now() / 1000),
    model,
    choices: [
      { index: 0, message: { role: "assistant", content: "Hello." }, finish_reason: "stop" },
    ],
    usage,
  };
}

function embedding(model: string, { prompt_tokens, total_tokens }: Usage): object {
  return {
    object: "list",
    data: [{ object: "embedding", index: 0, embedding: [0.1, 0.2] }],
    model,
    usage: { prompt_tokens, total_tokens },
  };
}

/** By the path of the request. */
const ANSWERS: Readonly<Record<string, (model: string, usage: Usage) => object>> = {
  "/v1/chat/completions": completion,
  "/v1/embeddings": embedding,
};

function failure(status: number): object {
  return { error: { message: `the stub answers ${status}`, type: "stub_error", code: null } };
}

function send(response: ServerResponse, status: number, body: object): void {
  const json = JSON.stringify(body);
  response.writeHead(status, { "content-type": "application/json" });
  response.end(json);
}
