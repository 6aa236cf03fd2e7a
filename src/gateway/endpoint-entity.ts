import { readModelDefinition } from "./model-definitions.ts";
import * as read from "./shape.ts";
import type { EndpointTag, FallbackStrategy, LinkageType, RoutingStrategy } from "./types.ts";

export const readMapping = read.shape({
  mapping_id: read.text,
  endpoint_id: read.text,
  model_definition_id: read.text,
  model_definition: read.objectIfAny(readModelDefinition),
  linkage_type: read.text<LinkageType>,
  weight: read.number,
  fallback_order: read.numberIfAny,
});

const readTag = read.shape({
  key: read.text,
  value: (source, name): EndpointTag["value"] => read.textIfAny(source, name) ?? "",
});

const readFallbackConfig = read.shape({
  strategy: read.textIfAny<FallbackStrategy>,
  max_attempts: read.numberIfAny,
});

export const readEndpoint = read.shape({
  endpoint_id: read.text,
  name: read.text,
  model_mappings: read.list(readMapping),
  tags: read.list(readTag),
  routing_strategy: read.textIfAny<RoutingStrategy>,
  fallback_config: read.objectIfAny(readFallbackConfig),
  experiment_id: read.textIfAny,
  usage_tracking: read.flagIfAny,
  ...read.STAMPS,
});
