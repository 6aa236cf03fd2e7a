// Everything a fresh clone needs. The file parses on old Nodes and imports the rest only after
// the version check, so that they get one clear sentence instead of a syntax error.
const WANTED = [20, 19];

const [major, minor] = process.versions.node.split(".").map(Number);
if (major < WANTED[0] || (major === WANTED[0] && minor < WANTED[1])) {
  console.error(`Node ${WANTED.join(".")} or newer is needed, this is ${process.versions.node}.`);
  process.exitCode = 1;
} else {
  import("./setup/steps.mjs")
    .then(({ setUp }) =>
      setUp({
        nodeOnly: process.argv.includes("--node-only"),
        mlflowVersion: process.argv.find((flag) => flag.startsWith("--mlflow="))?.slice(9),
      }),
    )
    .catch((error) => {
      console.error(error instanceof Error ? error.message : error);
      process.exitCode = 1;
    });
}
