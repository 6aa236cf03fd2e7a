import { PLAN_VERSION } from "#reconcile/plan/document.ts";
import type { Clock } from "#runtime/clock.ts";
import { GatewayOpsError, RecordConflictError } from "#runtime/errors.ts";
import { isOwnerName } from "#runtime/marks.ts";
import { commitWithMessages, type Message } from "#runtime/message.ts";
import { MANIFEST_PREFIX, ownerOfKey, readFiles, withoutOwner } from "#sync/manifest-source.ts";
import type { Delivery } from "#sync/owner/file-outcome.ts";
import { planOwner } from "#sync/owner/plan-owner.ts";
import { planReport } from "#sync/owner/plan-report.ts";
import type { RunOwnerDependencies } from "#sync/owner/run-owner.ts";
import type { OwnerFile } from "#sync/owner-file.ts";
import { readPermissions, type TenancyDependencies } from "#sync/tenancy.ts";
import { isSetKey, PREVIEW_PREFIX, resultNameOf } from "./preview-keys.ts";
import { previewMarkdown } from "./preview-markdown.ts";
import type { Preview } from "./preview-result.ts";
import { filesOfSet } from "./preview-set.ts";

export interface PreviewStore {
  /** Keeps a preview beside the name of its file, as JSON and as Markdown. */
  writePreview(key: string, json: Preview, markdown: string): Promise<void>;
}

export interface PreviewDependencies extends RunOwnerDependencies, TenancyDependencies {
  readonly clock: Clock;
  readonly previews: PreviewStore;
}

/**
 * Plans a file in the place of the manifest of the same name, or the files of a set, together with
 * the owner's other manifests, and changes nothing. The result lies under `plan-results/<owner>/`; a message says so.
 */
export async function previewPlan(
  dependencies: PreviewDependencies,
  key: string,
  { isLast }: Delivery,
): Promise<Preview | undefined> {
  const file = await dependencies.manifests.readNewest(key);
  if (!file) return undefined;
  const preview = await previewOf(dependencies, file, isLast);
  const result = resultNameOf(key, preview.owner);
  await dependencies.previews.writePreview(result, preview, previewMarkdown(preview));
  const message = previewMessage(preview, result, dependencies.clock.nowMs());
  if (await commitWithMessages(dependencies.ledger, [], [message])) return preview;
  throw new RecordConflictError(`the preview of ${key} was told by another run`);
}

async function previewOf(
  dependencies: PreviewDependencies,
  file: OwnerFile,
  isLast: boolean,
): Promise<Preview> {
  const owner = ownerOfKey(file.name);
  const source = { key: file.name, version_id: file.version_id };
  const base = {
    ...{ version: PLAN_VERSION, server: dependencies.server, source, owner },
    trigger: { kind: "preview", key: file.name },
    ...{ manifests: [], deleted_manifests: [], workspaces: [] },
  } as const;
  if (!isOwnerName(owner)) {
    const manifests = [
      { ...source, outcome: "rejected", issues: [withoutOwner(file.name)] },
    ] as const;
    return { ...base, outcome: "rejected", manifests };
  }
  try {
    const { manifests, planSettings } = dependencies;
    const access = (await readPermissions(dependencies)).accessOf(owner);
    const planned = plannedFiles(owner, file);
    const names = new Set(planned.map(({ name }) => name));
    const others = await readFiles(manifests, owner);
    const files = [...others.filter(({ name }) => !names.has(name)), ...planned];
    const request = { owner, files, access, ...planSettings };
    const report = planReport(dependencies, request, await planOwner(dependencies, request));
    const isRejected = report.manifests.some(
      ({ key, issues }) => names.has(key) && issues !== undefined,
    );
    // A single file is told under the name that it was put by.
    const told = report.manifests.map((one) =>
      names.has(one.key) && !isSetKey(file.name) ? { ...one, ...source } : one,
    );
    return { ...base, ...report, outcome: isRejected ? "rejected" : "planned", manifests: told };
  } catch (error) {
    if (!(error instanceof GatewayOpsError)) throw error;
    if (error.disposition === "retry" && !isLast) throw error;
    return { ...base, outcome: "failed", error: { code: error.code, message: error.message } };
  }
}

/** Under the manifests' own names: what these files declared before is known by them. */
function plannedFiles(owner: string, file: OwnerFile): OwnerFile[] {
  if (isSetKey(file.name)) return filesOfSet(owner, file);
  return [{ ...file, name: `${MANIFEST_PREFIX}${file.name.slice(PREVIEW_PREFIX.length)}` }];
}

function previewMessage(preview: Preview, resultKey: string, nowMs: number): Message {
  const { source, owner, outcome, workspaces } = preview;
  const checksums = workspaces.map(({ checksum }) => checksum);
  const isPlanned = outcome === "planned";
  return {
    topic: "operations",
    id: `preview:${source.key}@${source.version_id}:${outcome}`,
    type: `mlflow-gateway-ops.plan.${outcome}`,
    severity: isPlanned ? "info" : "warning",
    timeMs: nowMs,
    subject: `${source.key}: ${outcome}`,
    text: [
      `${source.key} (version ${source.version_id}): ${outcome}. Nothing was changed.`,
      `The result: ${resultKey}.md and ${resultKey}.json`,
      ...checksums.map((checksum) => `Checksum of the plan: ${checksum}`),
    ].join("\n"),
    data: { source, owner, outcome, result_key: `${resultKey}.json`, checksums },
    attributes: { owner, outcome, manifest: source.key },
  };
}
