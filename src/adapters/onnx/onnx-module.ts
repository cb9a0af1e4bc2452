import type * as onnxruntime from "onnxruntime-node";
import { AsofError } from "../../core/errors.ts";

export type Onnx = typeof onnxruntime;

/** ONNX Runtime, which is loaded with the first model that needs it. @throws ASOF_PREDICT where it is not installed */
export async function onnxModule(): Promise<Onnx> {
  try {
    return await import("onnxruntime-node");
  } catch (cause) {
    throw new AsofError(
      "ASOF_PREDICT",
      "models in ONNX are run by the package onnxruntime-node, which is not installed: npm install onnxruntime-node, with ONNXRUNTIME_NODE_INSTALL=skip, so that it fetches nothing more",
      { runtime: "onnx" },
      cause,
    );
  }
}
