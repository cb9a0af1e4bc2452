import { spawn } from "node:child_process";
import { AsofError } from "../../../core/errors.ts";

/** Loads a repository's Python files as `feast apply` does, and prints what it would register, in Base64. */
const SCRIPT = `
import base64, contextlib, pathlib, sys, tempfile
with contextlib.redirect_stdout(sys.stderr):
    import yaml
    from feast import FeatureStore
    from feast.protos.feast.core.Registry_pb2 import Registry
    from feast.repo_operations import parse_repo
    repo = pathlib.Path(sys.argv[1]).resolve()
    contents = parse_repo(repo)
    settings = yaml.safe_load((repo / "feature_store.yaml").read_text())
    with tempfile.TemporaryDirectory() as folder:
        # A registry of its own: nothing of the repository's is read or changed.
        settings.update(registry=folder + "/registry.db", provider="local")
        settings["online_store"] = {"type": "sqlite", "path": folder + "/online.db"}
        settings.pop("auth", None)
        (pathlib.Path(folder) / "feature_store.yaml").write_text(yaml.safe_dump(settings))
        store = FeatureStore(repo_path=str(repo), fs_yaml_file=pathlib.Path(folder) / "feature_store.yaml")
        # Infers what the files leave open, as an apply does.
        store.plan(contents)
    registry = Registry()
    for kind in ["entities", "feature_views", "stream_feature_views", "on_demand_feature_views", "feature_services"]:
        getattr(registry, kind).extend(one.to_proto() for one in getattr(contents, kind))
print(base64.b64encode(registry.SerializeToString()).decode())
`;

/** The registry that a repository's own files make, by a Python that has Feast. @throws ASOF_FILE, ASOF_INTERRUPTED */
export async function pythonRegistry(python: string, repository: string, signal: AbortSignal): Promise<Uint8Array> {
  const child = spawn(python, ["-c", SCRIPT, repository], {
    cwd: repository,
    signal,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [out, err] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (err = (err + text).slice(-10_000)));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("close", resolve);
    child.once("error", (error) => {
      reject(
        signal.aborted
          ? new AsofError("ASOF_INTERRUPTED", "nothing was written")
          : new AsofError("ASOF_FILE", `${python} cannot be run: ${error.message}`, { file: python }, error),
      );
    });
  });
  if (code === 0) return Buffer.from(out.trim().split("\n").at(-1) ?? "", "base64");
  const reason = err.trim().split("\n").at(-1) ?? "";
  throw new AsofError("ASOF_FILE", `${python} could not load ${repository}: ${reason}`, { folder: repository, reason });
}
