import { readFileSync } from "node:fs";
import { OPERATIONS, type OperationName } from "#gateway/operations.ts";
import { type MlflowVersion, NEWEST } from "../../scripts/mlflow-versions.ts";

/** What scripts/contract/dump.py printed for one version of MLflow. */
export interface Descriptor {
  readonly mlflow: string;
  readonly operations: Readonly<Record<string, Rpc>>;
  /** Field name to type: a scalar, `map<..>`, a name of a message or enum, perhaps `repeated`. */
  readonly messages: Readonly<Record<string, Message>>;
  readonly enums: Readonly<Record<string, readonly string[]>>;
}

export interface Rpc {
  readonly method: string;
  readonly path: string;
  /** Names of messages. */
  readonly request: string;
  readonly response: string;
}

export type Message = Readonly<Record<string, string>>;

export function descriptorOf(version: MlflowVersion): Descriptor {
  const file = new URL(`descriptors/mlflow-${version}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, "utf8")) as Descriptor;
}

export const newest = descriptorOf(NEWEST);

/** The operations that MLflow describes; discovery and the server's own are plain routes. */
export function describedOperations(): OperationName[] {
  const names = Object.keys(OPERATIONS) as OperationName[];
  return names.filter((name) => OPERATIONS[name].path.startsWith("/api/3.0/mlflow/gateway/"));
}

/** Ours and theirs are the same when method and path are. */
export function rpcOf({ operations }: Descriptor, name: OperationName): Rpc | undefined {
  const { method, path } = OPERATIONS[name];
  return Object.values(operations).find((rpc) => rpc.method === method && rpc.path === path);
}

export function requiredRpc(descriptor: Descriptor, name: OperationName): Rpc {
  const rpc = rpcOf(descriptor, name);
  if (!rpc) throw new Error(`MLflow ${descriptor.mlflow} has no ${name}`);
  return rpc;
}

export function messageOf({ messages, mlflow }: Descriptor, name: string): Message {
  const message = messages[name];
  if (!message) throw new Error(`MLflow ${mlflow} has no message ${name}`);
  return message;
}

/** Names of an enum without the zero value that every protobuf enum has. */
export function enumNames(values: readonly string[]): string[] {
  return values.filter((value) => !value.endsWith("_UNSPECIFIED"));
}

interface Type {
  readonly isRepeated: boolean;
  readonly isMap: boolean;
  /** Of a message, an enum or a scalar. */
  readonly name: string;
}

export function typeOf(description: string): Type {
  const name = description.replace(/^repeated /, "");
  return { isRepeated: name !== description, isMap: name.startsWith("map<"), name };
}

export interface DeclaredField {
  /** From the outermost message, such as `model_mappings.weight`. */
  readonly path: string;
  /** Message and field, such as `GatewayEndpointModelMapping.weight`. */
  readonly name: string;
}

/** All fields of a message and of the messages inside it. */
export function declaredFields(
  descriptor: Descriptor,
  message: string,
  prefix = "",
): DeclaredField[] {
  return Object.entries(messageOf(descriptor, message)).flatMap(([field, description]) => {
    const { name } = typeOf(description);
    const path = prefix + field;
    const inner = descriptor.messages[name] && declaredFields(descriptor, name, `${path}.`);
    return inner ?? [{ path, name: `${message}.${field}` }];
  });
}
