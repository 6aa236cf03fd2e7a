import { spawn } from "node:child_process";

const KEPT_OUTPUT_CHARS = 100_000;
const SHOWN_LINES_EACH_END = 12;
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"];

/**
 * Runs one slow command behind one progress line on stderr ("installing ... 12 s").
 * Its output is shown only when it fails. A signal to us is passed on, so that a killed set-up
 * leaves no installer at work behind it.
 */
export async function runStep(label, command, args, options) {
  const startedMs = Date.now();
  const progress = startProgress(label, startedMs);
  try {
    await runQuietly(command, args, options);
  } catch (error) {
    progress.end("failed");
    throw error;
  }
  progress.end(seconds(startedMs));
}

function startProgress(label, startedMs) {
  const { stderr } = process;
  stderr.write(`${label} ...`);
  if (!stderr.isTTY) {
    return { end: (outcome) => stderr.write(` ${outcome}\n`) };
  }
  const draw = (text) => stderr.write(`\r\u001b[K${label} ... ${text}`);
  const timer = setInterval(() => draw(seconds(startedMs)), 1000);
  return {
    end(outcome) {
      clearInterval(timer);
      draw(`${outcome}\n`);
    },
  };
}

function seconds(startedMs) {
  return `${Math.round((Date.now() - startedMs) / 1000)} s`;
}

function runQuietly(command, args, options) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    const keep = (chunk) => {
      output = (output + chunk).slice(-KEPT_OUTPUT_CHARS);
    };
    child.stdout.setEncoding("utf8").on("data", keep);
    child.stderr.setEncoding("utf8").on("data", keep);
    const passOn = (signal) => child.kill(signal);
    for (const signal of SIGNALS) {
      process.on(signal, passOn);
    }
    const done = (error) => {
      for (const signal of SIGNALS) {
        process.off(signal, passOn);
      }
      error === undefined ? resolve() : reject(error);
    };
    child.on("error", (error) => done(new Error(`${command}: ${error.message}`, { cause: error })));
    child.on("close", (code, signal) => {
      const ending = signal === null ? `status ${code}` : signal;
      const what = `The set-up failed: ${[command, ...args].join(" ")} ended with ${ending}.`;
      done(code === 0 ? undefined : new Error(`${bothEnds(output)}\n${what}`));
    });
  });
}

/** npm explains itself in its first lines, pip in its last. */
function bothEnds(output) {
  const lines = output.trim().split("\n");
  return lines.length <= 2 * SHOWN_LINES_EACH_END
    ? lines.join("\n")
    : [...lines.slice(0, SHOWN_LINES_EACH_END), "...", ...lines.slice(-SHOWN_LINES_EACH_END)].join(
        "\n",
      );
}
