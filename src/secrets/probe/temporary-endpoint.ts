import { randomUUID } from "node:crypto";
import type { Secret } from "#gateway/types.ts";
import { GatewayOpsError } from "#runtime/errors.ts";
import { isProbe, PROBE_MARK, PROBE_PREFIX } from "#runtime/marks.ts";
import type { Redacted } from "#runtime/redacted.ts";
import { ignoreMissing } from "#secrets/ignore-missing.ts";
import type { ProbeGateway } from "./probe-gateway.ts";
import type { ProbeModel } from "./probe-model.ts";

/** No probe lives so long: what is older was left by one that was killed. */
const LEFT_MS = 60 * 60 * 1000;
/** Each costs some requests: a run that is in a hurry leaves the rest to the next. */
const LEFT_MAX = 5;

export interface Trial {
  /** Of the secret. */
  readonly provider: string;
  readonly model: ProbeModel;
  readonly value: Readonly<Record<string, Redacted<string>>>;
  readonly auth_config: Readonly<Record<string, string>>;
}

/**
 * Gives `work` the name of an endpoint that calls the model with the value, and removes the endpoint,
 * its model definition and its secret afterwards. All three have one name that nobody else has, so
 * that the gateway has cached nothing of them. It tracks no usage: MLflow makes no experiment for it
 * and counts it in no budget.
 *
 * The secret is made first and goes last. As long as it is there, something may be left, and a later
 * call finds it by its name; what only may have been made is looked up the same way.
 */
export async function withTemporaryEndpoint<R>(
  gateway: ProbeGateway,
  { provider, model, value, auth_config }: Trial,
  work: (endpointName: string) => Promise<R>,
): Promise<R> {
  const name = `${PROBE_PREFIX}${randomUUID()}`;
  const made = { name, created_by: PROBE_MARK };
  const left: Left = { name };
  try {
    const secret = await gateway.secrets.create({
      secret_name: name,
      secret_value: value,
      provider,
      ...(Object.keys(auth_config).length > 0 && { auth_config }),
      created_by: PROBE_MARK,
    });
    left.secret = secret;
    const { secret_id } = secret;
    const { model_definition_id } = await gateway.modelDefinitions.create({
      ...made,
      secret_id,
      provider: model.provider,
      model_name: model.model_name,
    });
    left.model_definition_id = model_definition_id;
    const { endpoint_id } = await gateway.endpoints.create({
      ...made,
      model_configs: [{ model_definition_id, linkage_type: "PRIMARY", weight: 1 }],
      usage_tracking: false,
    });
    left.endpoint_id = endpoint_id;
    return await work(name);
  } finally {
    await cleanUp(gateway, left).catch(leaveToLater);
  }
}

/** What a probe has made; undefined is what it does not know to have made. */
interface Left {
  readonly name: string;
  secret?: Secret;
  model_definition_id?: string;
  endpoint_id?: string;
}

async function cleanUp(gateway: ProbeGateway, left: Left): Promise<void> {
  await remove(gateway, left);
  if (left.secret) await removeLeftovers(gateway, left.secret.created_at);
}

/** `nowMs` is by the gateway's clock. */
async function removeLeftovers(gateway: ProbeGateway, nowMs: number): Promise<void> {
  const leftovers = (await gateway.secrets.list()).filter(
    ({ secret_name: name, created_by, created_at }) =>
      isProbe({ name, created_by }) && created_at <= nowMs - LEFT_MS,
  );
  for (const secret of leftovers.slice(0, LEFT_MAX)) {
    await remove(gateway, { name: secret.secret_name, secret });
  }
}

async function remove(gateway: ProbeGateway, left: Left): Promise<void> {
  const { name } = left;
  const endpoint_id = left.endpoint_id ?? (await gateway.endpoints.find({ name }))?.endpoint_id;
  if (endpoint_id) await gateway.endpoints.delete({ endpoint_id }).catch(ignoreMissing);
  const model_definition_id =
    left.model_definition_id ??
    (await gateway.modelDefinitions.list()).find((definition) => definition.name === name)
      ?.model_definition_id;
  if (model_definition_id) {
    await gateway.modelDefinitions.delete({ model_definition_id }).catch(ignoreMissing);
  }
  const secret =
    left.secret ?? (await gateway.secrets.list()).find(({ secret_name }) => secret_name === name);
  if (!secret) return;
  await gateway.secrets.delete({ secret_id: secret.secret_id }).catch(ignoreMissing);
}

/** What was found out stands, whatever becomes of the traces. */
function leaveToLater(error: unknown): void {
  if (!(error instanceof GatewayOpsError)) throw error;
}
