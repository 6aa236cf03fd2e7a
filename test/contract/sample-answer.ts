import type { OperationName } from "#gateway/operations.ts";
import { enumNames, messageOf, newest, requiredRpc, typeOf } from "./descriptor.ts";
import { PLAIN_ROUTES } from "./plain-answers.ts";

type Fields = Readonly<Record<string, unknown>>;

/** Values that are something, or those that a careless reader takes for nothing. */
export type Sample = "full" | "zero";

/**
 * The fullest answer that MLflow's description allows: every field is there, and holds what was
 * sent where the server would repeat it.
 */
export function answerTo(operation: string, sent: Fields, sample: Sample): string {
  if (operation === "getVersion") return newest.mlflow;
  const plain = PLAIN_ROUTES[operation as OperationName];
  if (plain) return JSON.stringify(plain.answer);
  const { response } = requiredRpc(newest, operation as OperationName);
  // The second page is the last one.
  const isLast = sent.page_token !== undefined;
  const { next_page_token, ...fields } = sampleOf(response, stored(sent), sample);
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

function sampleOf(message: string, known: Fields, sample: Sample): Fields {
  const entries = Object.entries(messageOf(newest, message)).map(([field, description]) => {
    const { isRepeated, name } = typeOf(description);
    const given = known[field];
    if (!newest.messages[name]) {
      const single = given ?? sampleScalar(name, field, sample);
      return [field, isRepeated ? [single].flat() : single];
    }
    if (isRepeated) {
      const items = Array.isArray(given) ? given : [known];
      return [field, items.map((item) => sampleOf(name, item, sample))];
    }
    return [field, sampleOf(name, (given as Fields | undefined) ?? known, sample)];
  });
  return Object.fromEntries(entries);
}

function sampleScalar(type: string, field: string, sample: Sample): unknown {
  const isZero = sample === "zero";
  if (type === "map<string, string>") return { a_key: isZero ? "" : "a value" };
  const values = newest.enums[type];
  if (values) return enumNames(values)[0];
  switch (type) {
    case "string":
      return `a ${field}`;
    case "bool":
      return !isZero;
    case "double":
    case "float":
      return isZero ? 0 : 0.5;
    case "int32":
    case "int64":
      return isZero ? 0 : 1;
    default:
      throw new Error(`no sample of the type ${type}`);
  }
}
