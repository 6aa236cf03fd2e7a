import type { OperationName } from "#gateway/operations.ts";
import { enumNames, messageOf, newest, requiredRpc, typeOf } from "./descriptor.ts";

type Fields = Readonly<Record<string, unknown>>;

/** Answers of routes that MLflow does not describe. */
const PLAIN: Readonly<Record<string, string>> = {
  getVersion: newest.mlflow,
  listModels: JSON.stringify({ models: [{ model: "gpt-4o", mode: "chat" }] }),
};

/**
 * The fullest answer that MLflow's description allows: every field is there, and holds what was
 * sent where the server would repeat it.
 */
export function answerTo(operation: string, sent: Fields): string {
  const plain = PLAIN[operation];
  if (plain !== undefined) return plain;
  const { response } = requiredRpc(newest, operation as OperationName);
  // The second page is the last one.
  const isLast = sent.page_token !== undefined;
  const { next_page_token, ...fields } = sampleOf(response, stored(sent));
  return JSON.stringify(isLast ? fields : { ...fields, next_page_token });
}

/** What the server makes of the fields of a request. */
function stored(sent: Fields): Fields {
  const { secret_value, model_configs, model_config, updated_by, ...rest } = sent;
  return {
    ...rest,
    ...(secret_value !== undefined && { masked_values: secret_value }),
    ...(model_configs !== undefined && { model_mappings: model_configs }),
    ...(updated_by !== undefined && { last_updated_by: updated_by }),
    ...(model_config as Fields | undefined),
  };
}

function sampleOf(message: string, known: Fields): Fields {
  const entries = Object.entries(messageOf(newest, message)).map(([field, description]) => {
    const { isRepeated, name } = typeOf(description);
    const given = known[field];
    if (!newest.messages[name]) {
      const single = given ?? sampleScalar(name, field);
      return [field, isRepeated ? [single].flat() : single];
    }
    if (isRepeated) {
      const items = Array.isArray(given) ? given : [known];
      return [field, items.map((item) => sampleOf(name, item))];
    }
    return [field, sampleOf(name, (given as Fields | undefined) ?? known)];
  });
  return Object.fromEntries(entries);
}

function sampleScalar(type: string, field: string): unknown {
  if (type === "map<string, string>") return { a_key: "a value" };
  const values = newest.enums[type];
  if (values) return enumNames(values)[0];
  switch (type) {
    case "string":
      return `a ${field}`;
    case "bool":
      return true;
    case "double":
    case "float":
      return 0.5;
    case "int32":
    case "int64":
      return 1;
    default:
      throw new Error(`no sample of the type ${type}`);
  }
}
