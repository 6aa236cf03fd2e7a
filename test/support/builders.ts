import type { SQSEvent, SQSRecord } from "aws-lambda";
import type { BudgetPolicy, BudgetWindow } from "#gateway/types.ts";
import type { OwnerGrants } from "#manifest/policy-schema.ts";
import { toDesired } from "#manifest/to-desired.ts";
import type {
  Manifest,
  ManifestBudget,
  ManifestEndpoint,
  ManifestModelDefinition,
  ManifestSecret,
} from "#manifest/types.ts";
import type { DesiredState } from "#reconcile/state.ts";
import { type Disposition, GatewayOpsError } from "#runtime/errors.ts";
import { type Message, OUTBOX } from "#runtime/message.ts";
import type { MemoryLedger } from "./memory-ledger.ts";

export function aSecret(changes: Partial<ManifestSecret> = {}): ManifestSecret {
  return {
    name: "openai-prod",
    provider: "openai",
    value_from: { secrets_manager: "prod/openai" },
    ...changes,
  };
}

export function aModelDefinition(
  changes: Partial<ManifestModelDefinition> = {},
): ManifestModelDefinition {
  return { name: "gpt-4o", secret: "openai-prod", model_name: "gpt-4o", ...changes };
}

export function anEndpoint(changes: Partial<ManifestEndpoint> = {}): ManifestEndpoint {
  return {
    name: "chat",
    models: [{ model_definition: "gpt-4o", linkage_type: "PRIMARY" }],
    ...changes,
  };
}

export function aBudget(changes: Partial<ManifestBudget> = {}): ManifestBudget {
  return {
    name: "chat-monthly",
    budget_amount: 500,
    duration: { unit: "MONTHS", value: 1 },
    target_scope: "ENDPOINT",
    target_value: "chat",
    budget_action: "ALERT",
    ...changes,
  };
}

/** Grants of everything but what belongs to others. */
export function everyGrant(changes: OwnerGrants = {}): OwnerGrants {
  return {
    kinds: ["secret", "model_definition", "endpoint", "budget"],
    names: ["*"],
    secrets: ["*"],
    hosts: ["*"],
    workspaces: ["*"],
    experiments: ["*"],
    budgets: {
      scopes: ["GLOBAL", "WORKSPACE", "ENDPOINT", "USER"],
      amount_max: 1_000_000,
      users: ["*"],
      endpoints: ["*"],
    },
    ...changes,
  };
}

/** One resource of each kind, each depending on the one before. */
export function aManifest(changes: Partial<Manifest> = {}): Manifest {
  return {
    version: 1,
    secrets: [aSecret()],
    model_definitions: [aModelDefinition()],
    endpoints: [anEndpoint()],
    budgets: [aBudget()],
    ...changes,
  };
}

/** What a manifest of the owner "search" declares, with every source at `sourceVersion`. */
export function desiredOf(manifest: Manifest, sourceVersion = "version-1"): DesiredState {
  const names = (manifest.secrets ?? []).map(({ name }) => name);
  const versions = new Map(names.map((name) => [name, sourceVersion]));
  return toDesired("search", manifest.workspace ?? "default", [manifest], { versions });
}

export function aPolicy(changes: Partial<BudgetPolicy> = {}): BudgetPolicy {
  return {
    budget_policy_id: "bp-1",
    budget_unit: "USD",
    budget_amount: 100,
    duration: { unit: "DAYS", value: 1 },
    target_scope: "GLOBAL",
    budget_action: "ALERT",
    created_at: 1,
    last_updated_at: 1,
    ...changes,
  };
}

/** The window of the 23rd of November 2026. */
export function aWindow(changes: Partial<BudgetWindow> = {}): BudgetWindow {
  return {
    budget_policy_id: "bp-1",
    window_start_ms: Date.parse("2026-11-23T00:00:00Z"),
    window_end_ms: Date.parse("2026-11-24T00:00:00Z"),
    current_spend: 0,
    ...changes,
  };
}

export function aMessage(changes: Partial<Message> = {}): Message {
  return {
    topic: "alerts",
    id: "message-1",
    type: "mlflow-gateway-ops.test",
    severity: "info",
    timeMs: Date.parse("2026-11-23T12:00:00Z"),
    subject: "A subject",
    text: "A text",
    data: {},
    attributes: {},
    ...changes,
  };
}

interface RecordOptions {
  readonly messageId?: string;
  /** How often the message was delivered, this time included. */
  readonly attempt?: number;
  /** Makes it a message of an ordered (FIFO) queue. */
  readonly group?: string;
}

export function anSqsRecord(body: unknown, options: RecordOptions = {}): SQSRecord {
  const { messageId = "message-1", attempt = 1, group } = options;
  return {
    messageId,
    receiptHandle: `receipt-of-${messageId}`,
    body: typeof body === "string" ? body : JSON.stringify(body),
    attributes: {
      ApproximateReceiveCount: String(attempt),
      SentTimestamp: "1795000000000",
      SenderId: "events.amazonaws.com",
      ApproximateFirstReceiveTimestamp: "1795000000001",
      ...(group === undefined ? {} : { MessageGroupId: group, SequenceNumber: "18849496460467" }),
    },
    messageAttributes: {},
    md5OfBody: "",
    eventSource: "aws:sqs",
    eventSourceARN: "arn:aws:sqs:eu-central-1:111122223333:queue",
    awsRegion: "eu-central-1",
  };
}

export function anSqsEvent(...records: readonly SQSRecord[]): SQSEvent {
  return { Records: [...records] };
}

/** A failure that the product expects, of either disposition. */
export class ExpectedError extends GatewayOpsError {
  override readonly name = "ExpectedError";
  readonly code = "expected";
  readonly disposition: Disposition;

  constructor(disposition: Disposition, message = "so the test wants it") {
    super(message);
    this.disposition = disposition;
  }
}

/** The messages that were decided and not published, in order of their ids. */
export async function messagesIn(ledger: MemoryLedger): Promise<Message[]> {
  const messages = (await ledger.list(OUTBOX)).map(({ value }) => value);
  return messages.sort((one, other) => (one.id < other.id ? -1 : 1));
}
