import { isOwnerName } from "#runtime/marks.ts";
import { shortened } from "#runtime/shortened.ts";
import { resultFolder } from "#sync/manifest-source.ts";

export const PREVIEW_PREFIX = "plans/";
const RESULT_PREFIX = "plan-results/";
/** Keys of S3 have up to 1,024 bytes of UTF-8. */
const NAME_BYTES_MAX = 1024 - ".json".length;

const SET = "gwops-set";
const SET_KEY = new RegExp(`^${PREVIEW_PREFIX}[^/]+/[^/]+/${SET}[.]json$`);

/** Where several files of an owner are put to be planned together, under a name of their own. */
export function setKeyOf(owner: string, name: string): string {
  return `${PREVIEW_PREFIX}${owner}/${name}/${SET}.json`;
}

export function isSetKey(key: string): boolean {
  return SET_KEY.test(key);
}

/**
 * Where the result for a file lies, without `.json` and `.md`: `plan-results/<owner>/...`, as the
 * file lies under `plans/`.
 */
export function resultNameOf(key: string, owner: string): string {
  const path = key.slice(PREVIEW_PREFIX.length);
  const name = isSetKey(key) ? path.replace(/[.]json$/, "") : path;
  const ofOwner = isOwnerName(owner) ? name : `${resultFolder(owner)}/${name}`;
  return shortened(`${RESULT_PREFIX}${ofOwner}`, NAME_BYTES_MAX);
}
