import type { GatewayClient } from "#gateway/client.ts";
import type { OperationName } from "#gateway/operations.ts";

interface PlainRoute {
  /** The fullest that MLflow answers, over all versions. */
  readonly answer: object;
  readonly ask: (client: GatewayClient) => Promise<unknown>;
  /** Field of the answer that comes back alone. */
  readonly root?: string;
  /** Fields that the client leaves out, and why. */
  readonly notRead?: Readonly<Record<string, string>>;
  /** Fields that the client names otherwise. */
  readonly renamed?: Readonly<Record<string, string>>;
}

const TRACKING = "of the tracking server";
const FIELD = { name: "api_key", type: "string", description: "Key", required: true, default: "x" };

/**
 * The routes that MLflow's descriptors do not hold and that answer in JSON. The integration test
 * holds the answers of real servers against these, so that nothing new stays unseen.
 */
export const PLAIN_ROUTES: Partial<Record<OperationName, PlainRoute>> = {
  listProviders: {
    answer: { providers: ["openai"] },
    ask: ({ discovery }) => discovery.providers(),
    root: "providers",
  },
  listModels: {
    answer: {
      models: [
        {
          model: "gpt-4o",
          provider: "openai",
          mode: "chat",
          supports_function_calling: true,
          supports_vision: true,
          supports_reasoning: false,
          supports_prompt_caching: true,
          supports_response_schema: true,
          max_input_tokens: 128_000,
          max_output_tokens: 16_384,
          input_cost_per_token: 2.5e-6,
          output_cost_per_token: 1e-5,
          modality: { audio: { input_per_million_tokens: 40, output_per_second: 0.5 } },
          deprecation_date: "2027-01-01",
          last_updated_at: "2026-11-01",
        },
      ],
    },
    ask: ({ discovery }) => discovery.models({ provider: "openai" }),
    root: "models",
  },
  getProviderConfig: {
    answer: {
      auth_modes: [
        {
          mode: "api_key",
          display_name: "API key",
          description: "Use a key",
          secret_fields: [FIELD],
          config_fields: [FIELD],
        },
      ],
      default_mode: "api_key",
      env_credentials_available: false,
    },
    ask: ({ discovery }) => discovery.providerConfig({ provider: "openai" }),
  },
  getSecretsConfig: {
    answer: { secrets_available: true, using_default_passphrase: false },
    ask: ({ discovery }) => discovery.secretsConfig(),
  },
  getServerInfo: {
    answer: {
      store_type: "SqlStore",
      workspaces_enabled: false,
      features_enabled: { gateway: true, scheduled_issue_detection: false },
      trace_archival_enabled: false,
      multipart_uploads_enabled: false,
      multipart_downloads_enabled: false,
      artifact_serving_enabled: true,
      artifacts_presigned_only: false,
      presigned_upload_run_id_supported: true,
      presigned_upload_model_id_supported: true,
      model_artifact_presigned_downloads_supported: true,
      skill_content_max_size: 1,
      skill_content_max_files: 1,
      tracking_auth: "",
    },
    ask: ({ server }) => server.info(),
    renamed: { "features_enabled.gateway": "gateway_enabled" },
    notRead: {
      "features_enabled.scheduled_issue_detection": TRACKING,
      trace_archival_enabled: TRACKING,
      multipart_uploads_enabled: TRACKING,
      multipart_downloads_enabled: TRACKING,
      artifact_serving_enabled: TRACKING,
      artifacts_presigned_only: TRACKING,
      presigned_upload_run_id_supported: TRACKING,
      presigned_upload_model_id_supported: TRACKING,
      model_artifact_presigned_downloads_supported: TRACKING,
      skill_content_max_size: TRACKING,
      skill_content_max_files: TRACKING,
      tracking_auth: TRACKING,
    },
  },
  getCurrentUser: {
    answer: { user: { id: 1, username: "ann", is_admin: true }, is_basic_auth: true },
    ask: ({ server }) => server.currentUser(),
    root: "user",
    notRead: { id: "nothing takes it", is_basic_auth: "for the log-out of MLflow's own pages" },
  },
};

/** The paths of the fields that must come back. */
export function readPaths({ answer, root, notRead = {}, renamed = {} }: PlainRoute): string[] {
  return pathsOf(answer)
    .map((path) => path.replace(`${root}.`, ""))
    .filter((path) => notRead[path] === undefined)
    .map((path) => renamed[path] ?? path);
}

/** Fields whose keys are data. */
const MAPS = ["masked_values", "auth_config", "modality"];

/** The paths of all fields of a value; items of lists count as the list itself. */
export function pathsOf(value: unknown, prefix = ""): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => pathsOf(item, prefix));
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([field, inner]) => {
    const path = prefix + field;
    const isLeaf = MAPS.includes(field) || typeof inner !== "object" || inner === null;
    return isLeaf ? [path] : pathsOf(inner, `${path}.`);
  });
}
