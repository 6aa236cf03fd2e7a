// biome-ignore-all lint/performance/noBarrelFile: users of the package need one address for all of it

// The entry of the package, `mlflow-gateway-ops/gateway`: everything that a user of the client may
// rely on. Inside this project imports name the real file.
export { Redacted } from "#runtime/redacted.ts";
export type { RequestObserver } from "./caller.ts";
export { capabilitiesOf, GatewayCapabilityError, type ServerCapabilities } from "./capabilities.ts";
export { GatewayClient, type GatewayClientOptions } from "./client.ts";
export type { GatewayAuth } from "./connection.ts";
export type {
  CatalogModel,
  ProviderAuthMode,
  ProviderConfig,
  ProviderField,
  SecretsConfig,
} from "./discovery.ts";
export type { EndpointType } from "./endpoint-type.ts";
export type { EndpointReference } from "./endpoints.ts";
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
export type { OperationName } from "./operations.ts";
export type { PageOptions } from "./pages.ts";
export type { RetryPolicy } from "./retry.ts";
export type { SecretReference } from "./secrets.ts";
export type { ServerInfo } from "./server.ts";
export {
  HttpTransport,
  type HttpTransportOptions,
  type Transport,
  type TransportRequest,
  type TransportResponse,
} from "./transport.ts";
export * from "./types.ts";
