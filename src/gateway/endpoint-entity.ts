import { readModelDefinition } from "./model-definitions.ts";
import { defined, type Reader } from "./read.ts";
import type {
  Endpoint,
  EndpointTag,
  FallbackConfig,
  FallbackStrategy,
  LinkageType,
  ModelMapping,
  RoutingStrategy,
} from "./types.ts";

export function readEndpoint(reader: Reader): Endpoint {
  return defined({
    endpoint_id: reader.text("endpoint_id"),
    name: reader.text("name"),
    model_mappings: reader.list("model_mappings", readMapping),
    tags: reader.list("tags", readTag),
    routing_strategy: reader.optionalText<RoutingStrategy>("routing_strategy"),
    fallback_config: reader.optionalObject("fallback_config", readFallbackConfig),
    experiment_id: reader.optionalText("experiment_id"),
    usage_tracking: reader.optionalBoolean("usage_tracking"),
    created_at: reader.number("created_at"),
    last_updated_at: reader.number("last_updated_at"),
    created_by: reader.optionalText("created_by"),
    last_updated_by: reader.optionalText("last_updated_by"),
  });
}

export function readMapping(reader: Reader): ModelMapping {
  return defined({
    mapping_id: reader.text("mapping_id"),
    endpoint_id: reader.text("endpoint_id"),
    model_definition_id: reader.text("model_definition_id"),
    model_definition: reader.optionalObject("model_definition", readModelDefinition),
    linkage_type: reader.text<LinkageType>("linkage_type"),
    weight: reader.number("weight"),
    fallback_order: reader.optionalNumber("fallback_order"),
  });
}

function readTag(reader: Reader): EndpointTag {
  return { key: reader.text("key"), value: reader.optionalText("value") ?? "" };
}

function readFallbackConfig(reader: Reader): FallbackConfig {
  return defined({
    strategy: reader.optionalText<FallbackStrategy>("strategy"),
    max_attempts: reader.optionalNumber("max_attempts"),
  });
}
