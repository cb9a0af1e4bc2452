"""Trains a classifier with scikit-learn for asof: `trainer: command("python", "train.py")`.

asof gives the path of a folder as the last argument. In it are `description.json` and `train.parquet`; the model is left
there as `model.onnx`, and what the trainer found out itself as `metrics.json`.

    pip install scikit-learn skl2onnx pyarrow
"""

import json
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as parquet
from skl2onnx import to_onnx
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline

folder = Path(sys.argv[-1])
description = json.loads((folder / "description.json").read_text())
table = parquet.read_table(folder / "train.parquet")

# Serving gives a model float32 numbers, and NaN where a value is missing: so does training.
names = [feature["name"] for feature in description["features"]]
columns = [table[name].cast("float64").to_numpy(zero_copy_only=False) for name in names]
features = np.column_stack(columns).astype(np.float32)
label = table[description["label"]].to_numpy().astype(int)
print(f"{len(label)} rows of {len(names)} features", file=sys.stderr)

# Medians are told apart in float32 as well: a model in ONNX computes with nothing wider.
model = make_pipeline(SimpleImputer(strategy="median"), GradientBoostingClassifier(n_estimators=40, random_state=1))
model.fit(features, label)
auc = roc_auc_score(label, model.predict_proba(features)[:, 1])
print(f"area under the ROC curve on the training set: {auc:.4f}", file=sys.stderr)

# Probabilities as a tensor of two columns: without the option they are a list of maps, which asof does not read.
onnx = to_onnx(model, features[:1], options={"zipmap": False}, target_opset=17)
(folder / "model.onnx").write_bytes(onnx.SerializeToString())
(folder / "metrics.json").write_text(json.dumps({"training auc": auc}))
