import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { runStep } from "./run-step.mjs";

/**
 * True when what npm says it installed is what the lock file asks for. npm writes its own record
 * (node_modules/.package-lock.json) last, so a killed install has none; comparing the two needs no
 * stamp of ours and also accepts modules that somebody installed by hand.
 */
export function areNodeModulesFresh(root) {
  const recordFile = path.join(root, "node_modules/.package-lock.json");
  if (!existsSync(recordFile)) {
    return false;
  }
  const wanted = packagesOf(path.join(root, "package-lock.json"));
  const installed = packagesOf(recordFile);
  const isAsWanted = ([name, entry]) =>
    name === "" ||
    (installed[name] === undefined ? entry.optional : isSame(installed[name], entry));
  const isKnown = ([name, entry]) => wanted[name] !== undefined || entry.optional;
  return Object.entries(wanted).every(isAsWanted) && Object.entries(installed).every(isKnown);
}

/**
 * A lock file that was made where the registry lacked some builds for other systems has no entries
 * for those. `npm ci` refuses such a file as a whole; `npm install` keeps to the versions it has.
 */
export async function installNodeModules(root) {
  const npm = npmCommand();
  const install = isComplete(packagesOf(path.join(root, "package-lock.json")))
    ? ["ci"]
    : ["install", "--no-save"];
  await runStep(
    "installing node modules from the lock file",
    npm.command,
    [...npm.args, ...install],
    {
      cwd: root,
    },
  );
}

function isComplete(packages) {
  return Object.entries(packages).every(([name, entry]) =>
    Object.keys(entry.optionalDependencies ?? {}).every(
      (dependency) =>
        packages[`node_modules/${dependency}`] !== undefined ||
        packages[`${name}/node_modules/${dependency}`] !== undefined,
    ),
  );
}

/** Under `npm start` npm says where it is; else the one on the PATH is taken. */
function npmCommand() {
  const cli = process.env.npm_execpath;
  return cli !== undefined && path.basename(cli) === "npm-cli.js"
    ? { command: process.execPath, args: [cli] }
    : { command: "npm", args: [] };
}

function packagesOf(file) {
  return JSON.parse(readFileSync(file, "utf8")).packages ?? {};
}

function isSame(left, right) {
  return left.version === right.version && left.integrity === right.integrity;
}
