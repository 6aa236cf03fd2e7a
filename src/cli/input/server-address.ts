import type { Environment } from "#cli/context.ts";
import { UsageError } from "#cli/usage-error.ts";

const EXAMPLE = "such as http://127.0.0.1:5000 (--tracking-uri or MLFLOW_TRACKING_URI)";

/** The address of the MLflow server, without slashes at its end. Never holds a password. */
export function trackingUriOf(flag: string | undefined, env: Environment): string {
  const stated = (flag ?? env.MLFLOW_TRACKING_URI ?? "").trim();
  if (stated === "") throw new UsageError(`say which MLflow server to use, ${EXAMPLE}`);
  if (/^(databricks|uc)(:|$)/.test(stated)) {
    throw new UsageError(
      `${stated}: Databricks runs its own gateway; gwops works with servers of open-source MLflow, ${EXAMPLE}`,
    );
  }
  const url = URL.canParse(stated) ? new URL(stated) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) {
    // What has no scheme may hold anything: it is not shown.
    const scheme = /^[a-z][a-z0-9+.-]*:/i.exec(stated)?.[0];
    throw new UsageError(
      `the tracking URI ${scheme ? `begins with "${scheme}"` : "has no scheme"}: the AI Gateway is ` +
        `part of a running server, so an http:// or https:// address is needed, ${EXAMPLE}`,
    );
  }
  if (url.username || url.password) {
    throw new UsageError(
      "the tracking URI holds a login: give it as MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD",
    );
  }
  if (url.search || url.hash) {
    throw new UsageError("the tracking URI must end with its path: no query, no fragment");
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, "")}`;
}

/** `--workspace`, else `MLFLOW_WORKSPACE`; undefined is the server's default. */
export function workspaceOf(flag: string | undefined, env: Environment): string | undefined {
  return flag?.trim() || env.MLFLOW_WORKSPACE?.trim() || undefined;
}
