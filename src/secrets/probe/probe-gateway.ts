import type { CreateEndpoint, CreateModelDefinition, CreateSecret } from "#gateway/requests.ts";
import type { Endpoint, ModelDefinition, Secret } from "#gateway/types.ts";
import type { Deadline } from "#runtime/deadline.ts";

/** The part of the gateway client that a probe needs. */
export interface ProbeGateway {
  readonly secrets: {
    list(): Promise<readonly Secret[]>;
    create(secret: CreateSecret): Promise<Secret>;
    /** Refused when model definitions use the secret, unless by `force`. */
    delete(secret: { readonly secret_id: string; readonly force?: boolean }): Promise<void>;
  };
  readonly modelDefinitions: {
    list(): Promise<readonly ModelDefinition[]>;
    create(definition: CreateModelDefinition): Promise<ModelDefinition>;
    delete(definition: { readonly model_definition_id: string }): Promise<void>;
  };
  readonly endpoints: {
    find(endpoint: { readonly name: string }): Promise<Endpoint | undefined>;
    create(endpoint: CreateEndpoint): Promise<Endpoint>;
    delete(endpoint: { readonly endpoint_id: string }): Promise<void>;
  };
  readonly discovery: {
    models(filter: { readonly provider: string }): Promise<readonly CatalogModel[]>;
  };
}

/** A model as the server's catalogue knows it. */
export interface CatalogModel {
  readonly model: string;
  /** Such as `chat`, `embedding`, `responses`. */
  readonly mode?: string;
}

/** Calls endpoints, as their users do (`InvocationClient`). */
export interface Invocations {
  invoke(invocation: Invocation): Promise<InvocationAnswer>;
}

export interface Invocation {
  readonly endpoint_name: string;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface InvocationAnswer {
  readonly outcome: "completed" | "key-refused" | "login-refused" | "failed";
  readonly status: number;
}

export interface ProbeDependencies {
  /** The gateway as one workspace sees it. */
  gatewayOf(workspace: string, deadline: Deadline): ProbeGateway;
  invocationsOf(workspace: string, deadline: Deadline): Invocations;
}
