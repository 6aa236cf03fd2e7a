import type { OwnerFile } from "#sync/owner-file.ts";
import { resultNameOf, setKeyOf } from "#sync/preview/preview-keys.ts";
import type { Preview } from "#sync/preview/preview-result.ts";
import { setOf } from "#sync/preview/preview-set.ts";
import { type AuthorDependencies, awaitAnswer, type Wait } from "./await-answer.ts";

export interface RemotePlan {
  readonly owner: string;
  /** Tells it from other plans of the owner that are made at the same time. */
  readonly name: string;
  /** Under the keys that they would have in the bucket. */
  readonly files: readonly OwnerFile[];
}

/**
 * Has the workers of a stack plan files in the place of the manifests of their names, together with
 * the owner's other manifests: puts them as one object, and waits for the result for that version.
 */
export async function planRemotely(
  dependencies: AuthorDependencies,
  { owner, name, files }: RemotePlan,
  wait: Wait,
): Promise<Preview> {
  const key = setKeyOf(owner, name);
  const version_id = await dependencies.bucket.put(key, setOf(owner, files));
  return awaitAnswer(dependencies, wait, {
    key: `${resultNameOf(key, owner)}.json`,
    puts: [{ key, version_id }],
    answerIn: (preview: Preview) =>
      preview.source.version_id === version_id ? preview : undefined,
  });
}
