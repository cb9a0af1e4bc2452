"""Drives a feature server with Feast's SDK, and prints what the SDK gave as JSON.

usage: sdk_calls.py <url> <registry>    the registry is that of the project in ./drivers
"""

import datetime
import json
import pathlib
import sys
import tempfile

import pandas as pd
import requests
from feast import FeatureService, FeatureStore

UTC = datetime.timezone.utc
DRIVERS = [1001, 1002, 1003, 9]
STATS = ["driver_stats:conv_rate", "driver_stats:trips", "driver_stats:rank", "driver_stats:city",
         "driver_stats:active", "driver_stats:seen", "driver_stats:acc_rate"]
LIVE = ["driver_live:conv_rate", "driver_live:speed", "driver_live:rides", "driver_live:state", "driver_live:since"]


def client(url, registry):
    folder = tempfile.mkdtemp()
    settings = {
        "project": "drivers", "provider": "local", "registry": str(registry), "offline_store": {"type": "file"},
        "online_store": {"type": "remote", "path": url, "connection_retries": 0}, "entity_key_serialization_version": 3,
    }
    (pathlib.Path(folder) / "feature_store.yaml").write_text(json.dumps(settings))
    return FeatureStore(repo_path=folder)


def attempt(call):
    """What a call gave, or the class that it raised."""
    try:
        return call()
    except Exception as error:  # the class is what is compared
        return {"raised": type(error).__name__}


def calls(url, registry):
    store = client(url, registry)
    given = {}

    def read(features, entities, **options):
        response = store.get_online_features(features=features, entity_rows=entities, **options)
        kinds = {name: [value.WhichOneof("val") for value in vector.values]
                 for name, vector in zip(response.proto.metadata.feature_names.val, response.proto.results)}
        return {"values": response.to_dict(), "kinds": kinds}

    rows = [{"driver_id": driver} for driver in DRIVERS]
    given["features"] = read(STATS, rows)
    given["full names"] = read(STATS[:2] + LIVE[:1], rows, full_feature_names=True)
    given["service"] = read(store.get_feature_service("activity"), rows)
    given["renamed keys"] = read(store.get_feature_service("pairs"),
                                 [{"first_driver": 1001, "second_driver": 1002}, {"first_driver": 1002, "second_driver": 9}],
                                 full_feature_names=True)
    given["two keys"] = read(["customer_orders:amount"], [{"customer_id": "c1", "driver_id": 1001}])

    frame = pd.DataFrame({
        "driver_id": [1002, 1003], "conv_rate": [0.125, 1.0], "speed": [3.0, 50.0], "rides": [2**53 + 1, 7],
        "state": ["go", "Zürich 🚲"], "since": [datetime.datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)] * 2,
        "event_timestamp": [datetime.datetime(2026, 11, 21, tzinfo=UTC)] * 2,
    })
    store.push("driver_push", frame)
    given["pushed"] = read(LIVE, rows)
    later = frame[:1].assign(speed=[4.5], event_timestamp=[datetime.datetime(2026, 11, 22, 1, 2, 3, 456789)])
    store.write_to_online_store("driver_live", later)
    given["written"] = read(LIVE, rows)

    raw = {"push_source_name": "driver_push", "to": "online", "df": {
        "driver_id": [1001], "conv_rate": [2.0], "speed": [1.5], "rides": [1], "state": ["raw"],
        "since": [1770000000], "event_timestamp": ["2026-11-23T00:00:00"]}}
    given["raw push"] = requests.post(f"{url}/push", json=raw).status_code
    given["after raw push"] = read(LIVE, rows)

    view = store.get_feature_view("driver_stats")
    from feast.protos.feast.types.EntityKey_pb2 import EntityKey
    from feast.protos.feast.types.Value_pb2 import Value
    keys = [EntityKey(join_keys=["driver_id"], entity_values=[Value(int64_val=driver)]) for driver in DRIVERS]
    provider = store._get_provider()
    online = provider.online_read(store.config, view, keys, ["conv_rate", "trips", "city"])
    given["online read"] = [None if row is None else {name: str(value) for name, value in row.items()} for _, row in online]

    given["no view"] = attempt(lambda: read(["nope:x"], rows))
    given["no service"] = attempt(lambda: read(FeatureService(name="nope", features=[]), rows))
    given["collision"] = attempt(lambda: read(store.get_feature_service("pairs"), [{"first_driver": 1, "second_driver": 2}]))
    given["no push source"] = requests.post(f"{url}/push", json={"push_source_name": "nope", "df": {}}).status_code
    given["incremental"] = requests.post(f"{url}/materialize-incremental", json={"end_ts": "2026-11-24T00:00:00"}).status_code
    given["span"] = requests.post(f"{url}/materialize", json={
        "start_ts": "2026-10-01T00:00:00", "end_ts": "2026-11-24T00:00:00+00:00", "feature_views": ["driver_stats"]}).status_code
    given["health"] = requests.get(f"{url}/health").status_code
    return given


if __name__ == "__main__":
    print(json.dumps(calls(sys.argv[1], sys.argv[2]), ensure_ascii=False))
