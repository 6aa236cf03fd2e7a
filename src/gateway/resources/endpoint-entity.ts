import * as read from "#gateway/call/read.ts";
import type {
  Endpoint,
  FallbackStrategy,
  LinkageType,
  ModelMapping,
  RoutingStrategy,
} from "#gateway/types.ts";
import { MODEL_DEFINITION } from "./model-definitions.ts";

export const MAPPING: read.Kind<ModelMapping> = {
  one: "mapping",
  many: "model_mappings",
  read: read.object({
    mapping_id: read.text,
    endpoint_id: read.text,
    model_definition_id: read.text,
    model_definition: read.objectIfAny(MODEL_DEFINITION.read),
    linkage_type: read.text<LinkageType>,
    weight: read.number,
    fallback_order: read.numberIfAny,
    created_at: read.numberIfAny,
    created_by: read.textIfAny,
  }),
};

export const ENDPOINT: read.Kind<Endpoint> = {
  one: "endpoint",
  many: "endpoints",
  read: read.object({
    endpoint_id: read.text,
    name: read.text,
    model_mappings: read.list(MAPPING.read),
    tags: read.list(read.object({ key: read.text, value: read.textOrEmpty })),
    routing_strategy: read.textIfAny<RoutingStrategy>,
    fallback_config: read.objectIfAny(
      read.object({
        strategy: read.textIfAny<FallbackStrategy>,
        max_attempts: read.numberIfAny,
      }),
    ),
    experiment_id: read.textIfAny,
    usage_tracking: read.flagIfAny,
    ...read.STAMPS,
  }),
};
