import { SECRETS_CACHE_TTL_SECONDS } from "../local/mlflow-server.ts";
import {
  changeSecret,
  changesIn,
  createSecret,
  issuesIn,
  madeUpKey,
  putManifest,
  readObject,
  settled,
} from "./actions.ts";
import { callEndpoint, lastKey } from "./calls.ts";
import type { ReceivedEvent } from "./mailbox.ts";
import { check, until } from "./until.ts";
import { exampleManifest, type World } from "./world.ts";

/** Tells one thing that was checked. */
type Narrate = (line: string) => void;

export interface Chapter {
  readonly title: string;
  /** Throws at the first check that does not hold. */
  readonly play: (world: World, narrate: Narrate) => Promise<void>;
}

/** A poll each minute, and the time that a local AWS takes to notice that a minute is over. */
const ALERT_TIMEOUT_MS = 100_000;
const PUSH_TIMEOUT_MS = 30_000;
const FREE = { promptTokens: 0, completionTokens: 0 };
/** With gpt-4o this is worth 0.75 USD. */
const EXPENSIVE = { promptTokens: 100_000, completionTokens: 50_000 };

/** Values that must never be seen anywhere but at the provider. */
export const KEYS = {
  first: madeUpKey("first"),
  second: madeUpKey("second"),
  backup: madeUpKey("backup"),
};

/** The main job, in the order in which a team meets it. Each chapter builds on the one before. */
export const CHAPTERS: readonly Chapter[] = [
  { title: "A manifest dropped into S3 configures the gateway", play: configure },
  { title: "A call through the gateway carries the key from Secrets Manager", play: call },
  { title: "A new value in Secrets Manager reaches live traffic", play: rotate },
  { title: "Crossing a budget is told, and so are rejected calls", play: spend },
  { title: "A broken manifest is explained and changes nothing", play: reject },
];

async function configure(world: World, narrate: Narrate): Promise<void> {
  await createSecret(world, "prod/openai", JSON.stringify({ OPENAI_API_KEY: KEYS.first }));
  await createSecret(world, "prod/openai-backup", KEYS.backup);
  narrate("two provider keys were stored in Secrets Manager, tagged gateway-ops:owner=default");
  const since = new Date();
  const manifest = await putManifest(world, "gateway.yaml", exampleManifest(world.upstream));
  narrate(`examples/gateway.yaml was put into the bucket as ${manifest.key}`);
  const event = await settled(world, manifest, "applied");
  const took = (Date.parse(event.time) - since.getTime()) / 1000;
  narrate(`${took.toFixed(1)} s later it was applied: ${changesIn(event.data).join(", ")}`);

  const [secrets, definitions, endpoint, budgets] = await Promise.all([
    world.gateway.secrets.list(),
    world.gateway.modelDefinitions.list(),
    world.gateway.endpoints.get({ name: "chat" }),
    world.gateway.budgets.list(),
  ]);
  check(secrets.length === 2, "the gateway has two secrets");
  check(definitions.length === 2, "the gateway has two model definitions");
  const links = endpoint.model_mappings.map(
    ({ linkage_type, model_definition }) => `${linkage_type} ${model_definition?.name}`,
  );
  check(links.includes("PRIMARY gpt-4o"), "chat has gpt-4o as PRIMARY");
  check(links.includes("FALLBACK gpt-4o-mini"), "chat has gpt-4o-mini as FALLBACK");
  check(endpoint.fallback_config?.max_attempts === 1, "chat falls back once");
  const tags = endpoint.tags.map(({ key: name, value }) => `${name}=${value}`);
  check(tags.includes("team=search"), "chat carries the tag team=search");
  const actions = budgets.map(({ budget_action }) => budget_action).sort();
  check(actions.join() === "ALERT,REJECT", "there is an ALERT and a REJECT budget");
  narrate(
    `read back: chat = ${links.join(", ")}; tags ${tags.join(", ")}; budgets ${actions.join(", ")}`,
  );
}

async function call(world: World, narrate: Narrate): Promise<void> {
  world.upstream.setUsage(FREE);
  check((await callEndpoint(world, "chat")) === 200, "the endpoint answers 200");
  check(lastKey(world) === KEYS.first, "the provider saw the first key");
  narrate("the endpoint answered 200, and the provider saw the first key");
}

async function rotate(world: World, narrate: Narrate): Promise<void> {
  world.upstream.setUsage(FREE);
  const startMs = Date.now();
  await changeSecret(world, "prod/openai", JSON.stringify({ OPENAI_API_KEY: KEYS.second }));
  const event = await world.operations.waitFor(
    "an operations message that the secret openai was pushed",
    PUSH_TIMEOUT_MS,
    ({ type, data }) => type === "mlflow-gateway-ops.secret.pushed" && data.name === "openai",
  );
  const { pushed_at_ms, effective_by_ms, version_id } = event.data as Record<string, number>;
  check(
    pushed_at_ms && effective_by_ms && version_id,
    "the message has both times and the version",
  );
  narrate(`pushed ${seconds(pushed_at_ms - startMs)} after the change (version ${version_id})`);

  await until("a call with the second key", PUSH_TIMEOUT_MS, async () => {
    check((await callEndpoint(world, "chat")) === 200, "the endpoint answers all the time");
    return lastKey(world) === KEYS.second ? true : undefined;
  });
  const effectiveMs = Date.now();
  // A call in flight at the promised moment may still be using the former key.
  check(effectiveMs <= effective_by_ms + 2000, "the new key is used when the message promises it");
  narrate(
    `in use ${seconds(effectiveMs - startMs)} after the change: the server caches keys for ${SECRETS_CACHE_TTL_SECONDS} s; promised by ${seconds(effective_by_ms - startMs)}`,
  );
}

async function spend(world: World, narrate: Narrate): Promise<void> {
  world.upstream.setUsage(EXPENSIVE);
  for (let count = 0; count < 2; count += 1) {
    check((await callEndpoint(world, "chat")) === 200, "calls within the limit are answered");
  }
  narrate("two calls of 0.75 USD were made: 1.50 of 2 USD (ALERT) and of 3 USD (REJECT)");
  narrate(described(await alert(world, "chat-monthly", "threshold-crossed", 0.5)));

  for (let count = 0; count < 2; count += 1) {
    check((await callEndpoint(world, "chat")) === 200, "calls within the limit are answered");
  }
  check((await callEndpoint(world, "chat")) === 429, "at the limit the gateway answers 429");
  narrate("two more calls made 3.00 USD; the next one was answered with 429");
  narrate(described(await alert(world, "chat-monthly", "threshold-crossed", 1)));
  narrate(described(await alert(world, "chat-limit", "rejecting", 1)));
}

async function reject(world: World, narrate: Narrate): Promise<void> {
  const before = await snapshot(world);
  const broken = exampleManifest(world.upstream)
    .replace("weight:", "wieght:")
    .replace("linkage_type: PRIMARY }", "linkage_type: PRIMARY, wieght: 1 }");
  const line = broken.split("\n").findIndex((text) => text.includes("wieght")) + 1;
  const column = (broken.split("\n")[line - 1] ?? "").indexOf("wieght") + 1;
  const manifest = await putManifest(world, "broken.yaml", broken);
  const event = await settled(world, manifest, "rejected");
  const [message = ""] = issuesIn(event.data);
  check(
    message.startsWith(`${manifest.key}:${line}:${column} `),
    "the message names file, line and column",
  );
  check(message.includes('did you mean "weight"'), "the message suggests the right word");
  narrate(message);

  const { outcome } = JSON.parse(await readObject(world, event.data.report_key as string));
  check(outcome === "rejected", "the report in the bucket says rejected");
  check((await snapshot(world)) === before, "the gateway is exactly as before");
  narrate(`the report is ${event.data.report_key}; the gateway is exactly as before`);
}

function alert(
  world: World,
  name: string,
  type: "threshold-crossed" | "rejecting",
  threshold: number,
): Promise<ReceivedEvent> {
  return world.alerts.waitFor(
    `an alert ${type} at ${threshold} for the budget ${name}`,
    ALERT_TIMEOUT_MS,
    ({ type: received, data }) =>
      received === `mlflow-gateway-ops.budget.${type}` &&
      data.name === name &&
      data.threshold === threshold,
  );
}

function described({ type, severity, data, attributes }: ReceivedEvent): string {
  const spent = `${data.current_spend} of ${data.budget_amount} ${data.budget_unit}`;
  const team = attributes.team ? `, team ${attributes.team}` : "";
  return `a subscriber received ${type.replace("mlflow-gateway-ops.", "")} (${severity}): ${data.name}, ${spent}${team}`;
}

/** Everything on the gateway that a manifest can change, but for budget windows. */
async function snapshot({ gateway }: World): Promise<string> {
  return JSON.stringify([
    await gateway.secrets.list(),
    await gateway.modelDefinitions.list(),
    await gateway.endpoints.list(),
    await gateway.budgets.list(),
  ]);
}

function seconds(durationMs: number): string {
  return `${(durationMs / 1000).toFixed(1)} s`;
}
