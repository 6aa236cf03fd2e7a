import { GatewayClient } from "#gateway/client.ts";
import type { Transport, TransportRequest } from "#gateway/http/request.ts";
import { answerTo, type Sample } from "./sample-answer.ts";

interface Recorded {
  readonly operation: string;
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>>;
}

/** A client whose server knows every field that MLflow declares, and what the client sent to it. */
export function recordingClient(sample: Sample = "full"): {
  client: GatewayClient;
  requests: Recorded[];
} {
  const requests: Recorded[] = [];
  const transport: Transport = {
    send(request) {
      const recorded = record(request);
      requests.push(recorded);
      const fields = { ...recorded.query, ...recorded.body };
      const body = answerTo(request.operation, fields, sample);
      return Promise.resolve({ status: 200, headers: {}, body });
    },
  };
  return {
    client: new GatewayClient({ trackingUri: "https://mlflow.example.com", transport }),
    requests,
  };
}

function record({ operation, method, url, body }: TransportRequest): Recorded {
  return {
    operation,
    method,
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    body: body ? JSON.parse(body.reveal()) : {},
  };
}
