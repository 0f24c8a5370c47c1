// Serves a Worker over TLS by miniflare: node run.mjs ADDRESS PORT CERTIFICATE KEY DATE [worker.mjs]. It says "ready" when it is.
import { fileURLToPath } from "node:url";
import { Miniflare } from "miniflare";

const [host, port, httpsCertPath, httpsKeyPath, compatibilityDate, script = "worker.mjs"] = process.argv.slice(2);
const miniflare = new Miniflare({
  modules: true,
  scriptPath: fileURLToPath(new URL(script, import.meta.url)),
  compatibilityDate, // what fetch() does depends on it
  host,
  port: Number(port),
  https: true,
  httpsCertPath,
  httpsKeyPath,
  cf: false, // nothing is asked of the internet
  telemetry: { enabled: false },
});
process.on("SIGTERM", () => miniflare.dispose().then(() => process.exit(0)));
await miniflare.ready;
console.log("ready");
