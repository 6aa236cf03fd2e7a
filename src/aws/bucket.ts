import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandInput,
  type ListObjectsV2CommandOutput,
  ListObjectVersionsCommand,
  NoSuchKey,
  NotFound,
  PutObjectCommand,
  type S3Client,
  S3ServiceException,
} from "@aws-sdk/client-s3";
import { BYTES_MAX } from "#manifest/read.ts";
import { shortened } from "#runtime/shortened.ts";
import { visibleJson } from "#runtime/visible.ts";
import type { ReportStore } from "#sync/end-run.ts";
import { readSnapshotText } from "#sync/history/read-snapshot.ts";
import type { Snapshot, SnapshotStore } from "#sync/history/snapshot.ts";
import {
  type ListedManifest,
  MANIFEST_PREFIX,
  type ManifestFolder,
  type ManifestShelf,
  resultFolder,
} from "#sync/manifest-source.ts";
import type { ApprovalSource } from "#sync/owner/approval.ts";
import type { OwnerFile } from "#sync/owner-file.ts";
import type { PreviewStore } from "#sync/preview/preview.ts";
import type { Preview } from "#sync/preview/preview-result.ts";
import type { RunReport } from "#sync/report/report.ts";
import { reportMarkdown } from "#sync/report/report-markdown.ts";
import { awsCall, type CallOptions, callOptions } from "./aws-call.ts";

/** Keys of S3 have up to 1,024 bytes of UTF-8; the longest ending that we put behind a name is `.json`. */
const NAME_BYTES_MAX = 1024 - ".json".length;

/**
 * The bucket. In: manifests under `manifests/`, files to be planned only under `plans/`, approvals
 * under `approvals/`. Out, in a folder for each owner: reports under `runs/`, what was applied
 * under `applied/`, plans under `plan-results/`.
 */
export class ManifestBucket
  implements ManifestShelf, ReportStore, SnapshotStore, ApprovalSource, PreviewStore
{
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #options: CallOptions;

  /** All calls end with the signal. */
  constructor(client: S3Client, bucket: string, signal?: AbortSignal) {
    this.#client = client;
    this.#bucket = bucket;
    this.#options = callOptions(signal);
  }

  async listManifests(
    prefix = MANIFEST_PREFIX,
    max = Number.POSITIVE_INFINITY,
  ): Promise<ListedManifest[]> {
    const listed: ListedManifest[] = [];
    for await (const page of this.#pages({ Prefix: prefix })) {
      listed.push(...filesIn(page));
      if (listed.length >= max) break;
    }
    return listed;
  }

  async listTop(): Promise<ManifestFolder> {
    const files: ListedManifest[] = [];
    const folders: string[] = [];
    for await (const page of this.#pages({ Prefix: MANIFEST_PREFIX, Delimiter: "/" })) {
      files.push(...filesIn(page));
      for (const { Prefix } of page.CommonPrefixes ?? []) {
        if (Prefix !== undefined) folders.push(Prefix.slice(MANIFEST_PREFIX.length, -1));
      }
    }
    return { files, folders };
  }

  async *#pages(of: Pick<ListObjectsV2CommandInput, "Prefix" | "Delimiter">) {
    let token: string | undefined;
    do {
      const command = new ListObjectsV2Command({
        ...of,
        Bucket: this.#bucket,
        ContinuationToken: token,
      });
      const page = await awsCall("listing manifests", () =>
        this.#client.send(command, this.#options),
      );
      yield page;
      token = page.NextContinuationToken;
    } while (token !== undefined);
  }

  async readNewest(key: string): Promise<OwnerFile | undefined> {
    const command = new GetObjectCommand({ Bucket: this.#bucket, Key: key });
    return awsCall(`reading ${key}`, async () => {
      try {
        const { Body, VersionId, ETag } = await this.#client.send(command, this.#options);
        // On Node a body is a stream of bytes.
        const content = await beginningOf((Body ?? []) as AsyncIterable<Uint8Array>);
        // The ETag stands in where a bucket has no versions.
        return { name: key, content, version_id: VersionId ?? ETag ?? "" };
      } catch (error) {
        if (error instanceof NoSuchKey) return undefined;
        throw error;
      }
    });
  }

  async hadManifest(key: string): Promise<boolean> {
    const command = new ListObjectVersionsCommand({
      Bucket: this.#bucket,
      Prefix: key,
      MaxKeys: 1000,
    });
    const page = await awsCall(`listing versions of ${key}`, () =>
      this.#client.send(command, this.#options),
    );
    return (page.Versions ?? []).some((version) => version.Key === key);
  }

  async replaceManifest(key: string, text: string, read: OwnerFile | undefined): Promise<boolean> {
    const etag = read && (await this.#etagOf(read));
    if (read && etag === undefined) return false;
    const command = new PutObjectCommand({
      Bucket: this.#bucket,
      Key: key,
      Body: text,
      ...(etag === undefined ? { IfNoneMatch: "*" } : { IfMatch: etag }),
    });
    return this.#ifNewest(`writing ${key}`, () => this.#client.send(command, this.#options));
  }

  async removeManifest(key: string, read: OwnerFile): Promise<boolean> {
    const etag = await this.#etagOf(read);
    if (etag === undefined) return false;
    const command = new DeleteObjectCommand({ Bucket: this.#bucket, Key: key, IfMatch: etag });
    return this.#ifNewest(`removing ${key}`, () => this.#client.send(command, this.#options));
  }

  /** Of what was read; undefined when it is no longer the newest version. */
  async #etagOf({ name, version_id }: OwnerFile): Promise<string | undefined> {
    const command = new HeadObjectCommand({ Bucket: this.#bucket, Key: name });
    return awsCall(`looking for ${name}`, async () => {
      try {
        const { ETag, VersionId } = await this.#client.send(command, this.#options);
        return (VersionId ?? ETag) === version_id ? ETag : undefined;
      } catch (error) {
        if (error instanceof NotFound) return undefined;
        throw error;
      }
    });
  }

  /** False where S3 finds another version than the one that the write is to replace. */
  #ifNewest(act: string, write: () => Promise<unknown>): Promise<boolean> {
    return awsCall(act, async () => {
      try {
        await write();
        return true;
      } catch (error) {
        if (error instanceof S3ServiceException && isReplaced(error)) return false;
        throw error;
      }
    });
  }

  /**
   * `runs/<owner>/<time>-<run id>.json` and `.md`; beside them `latest.json`, a copy of what the
   * newest run for manifests told, and `latest-drift.json` of the newest drift: whoever waits for a
   * manifest must not miss its report.
   */
  async writeReport(report: RunReport): Promise<string> {
    const time = report.started_at.replace(/[:.]/g, "-");
    const folder = `runs/${resultFolder(report.owner)}`;
    const name = shortened(`${folder}/${time}-${report.run_id}`, NAME_BYTES_MAX);
    const json = visibleJson(report, 2);
    await this.#put(`${name}.json`, json, "application/json");
    await this.#put(`${name}.md`, reportMarkdown(report), "text/markdown");
    const latest = report.trigger.kind === "drift" ? "latest-drift" : "latest";
    await this.#put(`${folder}/${latest}.json`, json, "application/json");
    return `${name}.json`;
  }

  async writePreview(name: string, preview: Preview, markdown: string): Promise<void> {
    await this.#put(`${name}.json`, visibleJson(preview, 2), "application/json");
    await this.#put(`${name}.md`, markdown, "text/markdown");
  }

  async writeSnapshot(snapshot: Snapshot): Promise<string> {
    const { workspace, owner, applied_at, run_id } = snapshot;
    const time = applied_at.replace(/[:.]/g, "-");
    const key = `applied/${resultFolder(owner)}/${workspace}/${time}-${run_id}.json`;
    await this.#put(key, JSON.stringify(snapshot), "application/json");
    return key;
  }

  async readSnapshot(key: string): Promise<Snapshot | undefined> {
    const command = new GetObjectCommand({ Bucket: this.#bucket, Key: key });
    return awsCall(`reading ${key}`, async () => {
      try {
        const { Body } = await this.#client.send(command, this.#options);
        return readSnapshotText(key, (await Body?.transformToString("utf-8")) ?? "");
      } catch (error) {
        if (error instanceof NoSuchKey) return undefined;
        throw error;
      }
    });
  }

  /** It stays: the workers may delete nothing. */
  async forgetSnapshot(): Promise<void> {}

  /** The object says who put it in its metadata, if whoever put it cared. */
  async approver(checksum: string): Promise<string | undefined> {
    const key = `approvals/${checksum}`;
    const command = new HeadObjectCommand({ Bucket: this.#bucket, Key: key });
    return awsCall(`looking for ${key}`, async () => {
      try {
        const { Metadata, LastModified } = await this.#client.send(command, this.#options);
        return Metadata?.approver ?? `whoever put ${key} at ${LastModified?.toISOString()}`;
      } catch (error) {
        if (error instanceof NotFound) return undefined;
        throw error;
      }
    });
  }

  async #put(key: string, body: string, contentType: string): Promise<void> {
    const command = new PutObjectCommand({
      Bucket: this.#bucket,
      Key: key,
      Body: body,
      ContentType: contentType,
    });
    await awsCall(`writing ${key}`, () => this.#client.send(command, this.#options));
  }
}

function filesIn({ Contents = [] }: ListObjectsV2CommandOutput): ListedManifest[] {
  return Contents.flatMap(({ Key: key, Size: bytes = 0, ETag: etag = "" }) =>
    key === undefined ? [] : [{ key, bytes, etag }],
  );
}

/** Source: Amazon S3 API, conditional writes: 412, 409 while another write is under way, 404. */
function isReplaced({ $metadata }: S3ServiceException): boolean {
  return [404, 409, 412].includes($metadata.httpStatusCode ?? 0);
}

/** As much as shows that a file is too long: one owner's must not use up the memory of all. */
async function beginningOf(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > BYTES_MAX) break;
  }
  return Buffer.concat(chunks);
}
