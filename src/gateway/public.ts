// biome-ignore-all lint/performance/noBarrelFile: users of the package need one address for all of it

// The entry of the package, `mlflow-gateway-ops/gateway`: everything that a user of the client may
// rely on. Inside this project imports name the real file.

export type { RequestObserver } from "#gateway/call/caller.ts";
export {
  capabilitiesOf,
  GatewayCapabilityError,
  type ServerCapabilities,
} from "#gateway/call/capabilities.ts";
export type { Page, PageOptions } from "#gateway/call/pages.ts";
export type { GatewayAuth } from "#gateway/http/connection.ts";
export type { RetryPolicy } from "#gateway/http/retry.ts";
export {
  HttpTransport,
  type HttpTransportOptions,
} from "#gateway/http/transport.ts";
export type {
  CatalogModel,
  ProviderAuthMode,
  ProviderConfig,
  ProviderField,
  SecretsConfig,
} from "#gateway/resources/discovery.ts";
export type { EndpointType } from "#gateway/resources/endpoint-type.ts";
export type { EndpointReference } from "#gateway/resources/endpoints.ts";
export type { SecretReference } from "#gateway/resources/secrets.ts";
export type { ServerInfo } from "#gateway/resources/server.ts";
export { Redacted } from "#runtime/redacted.ts";
export { GatewayClient, type GatewayClientOptions } from "./client.ts";
export {
  GatewayAbortedError,
  GatewayCallError,
  GatewayNetworkError,
  GatewayNotFoundError,
  GatewayRequestError,
  GatewayResponseError,
  type GatewayStatusCode,
  GatewayStatusError,
  GatewayTimeoutError,
} from "./errors.ts";
export type { Transport, TransportRequest, TransportResponse } from "./http/request.ts";
export type { OperationName } from "./operations.ts";
export * from "./requests.ts";
export * from "./types.ts";
