/** How a manifest names a value without holding it; `env` and `file` on the command line only. */
export type SecretReference = (
  | {
      /** Name or ARN in AWS Secrets Manager. */
      readonly secrets_manager: string;
    }
  | {
      /** Name of an environment variable. */
      readonly env: string;
    }
  | {
      /** Path of a file. */
      readonly file: string;
    }
) & {
  /** Key on the gateway to key in the stored JSON object, or to a JSON Pointer into it. */
  readonly keys?: Readonly<Record<string, string>> | undefined;
  /** Key on the gateway of which the whole stored text is the value; never beside `keys`. */
  readonly whole_as?: string | undefined;
};

/** The rule about values that look like a key in something: a manifest may disable it. */
export const VALUE_WRAPPED = "value-wrapped";

/** The gateway's keys that a manifest names, and where; none when it takes the value as it is. */
export function namedKeys({ keys = {}, whole_as }: NamedKeys = {}) {
  if (whole_as !== undefined) return [{ key: whole_as, path: ["whole_as"] }];
  return Object.keys(keys).map((key) => ({ key, path: ["keys", key] }));
}

type NamedKeys = Pick<SecretReference, "keys" | "whole_as">;

/** How a source of secrets knows the value: the name in AWS, `env:NAME` or `file:PATH`. */
export function sourceId(reference: SecretReference): string {
  if ("secrets_manager" in reference) return reference.secrets_manager;
  return "env" in reference ? `env:${reference.env}` : `file:${reference.file}`;
}
