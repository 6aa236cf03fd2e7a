import { GetObjectCommand, NoSuchKey, PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { GatewayOpsError } from "#runtime/errors.ts";
import type { AuthorBucket, NotRead } from "#sync/author/author-bucket.ts";
import type { OwnerFile } from "#sync/owner-file.ts";
import { awsCall, type CallOptions, callOptions, errorName } from "./aws-call.ts";

/** S3 refuses what a person asked for. */
class BucketError extends GatewayOpsError {
  override readonly name = "BucketError";
  readonly code = "bucket";
  readonly disposition = "reject";
}

const DENIED = ["AccessDenied", "Forbidden"];

/** The bucket with the rights of whoever runs the command. */
export class S3AuthorBucket implements AuthorBucket {
  readonly name: string;
  readonly #client: S3Client;
  readonly #options: CallOptions;

  /** All calls end with the signal. */
  constructor(client: S3Client, name: string, signal?: AbortSignal) {
    this.name = name;
    this.#client = client;
    this.#options = callOptions(signal);
  }

  async read(key: string): Promise<OwnerFile | NotRead> {
    const command = new GetObjectCommand({ Bucket: this.name, Key: key });
    return this.#call(`reading ${key}`, async () => {
      try {
        const { Body, VersionId, ETag = "" } = await this.#client.send(command, this.#options);
        const content = (await Body?.transformToByteArray()) ?? new Uint8Array();
        return { name: key, content, version_id: VersionId ?? ETag };
      } catch (error) {
        if (error instanceof NoSuchKey) return "absent";
        if (DENIED.includes(errorName(error))) return "denied";
        throw error;
      }
    });
  }

  async put(key: string, content: OwnerFile["content"]): Promise<string> {
    const command = new PutObjectCommand({ Bucket: this.name, Key: key, Body: content });
    return this.#call(`putting ${key}`, async () => {
      const { VersionId, ETag = "" } = await this.#client
        .send(command, this.#options)
        .catch((error: unknown) => {
          if (!DENIED.includes(errorName(error))) throw error;
          throw new BucketError(
            `putting ${key} is denied: it takes the right s3:PutObject on it, in the bucket ${this.name}`,
            { cause: error },
          );
        });
      return VersionId ?? ETag;
    });
  }

  #call<R>(operation: string, call: () => Promise<R>): Promise<R> {
    return awsCall(operation, async () => {
      try {
        return await call();
      } catch (error) {
        if (errorName(error) !== "NoSuchBucket") throw error;
        throw new BucketError(`there is no bucket ${this.name} in this account and region`, {
          cause: error,
        });
      }
    });
  }
}
