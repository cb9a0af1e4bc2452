from datetime import timedelta
from feast import Entity, FeatureService, FeatureView, Field, FileSource, PushSource, RequestSource, ValueType, Project
from feast.on_demand_feature_view import on_demand_feature_view
from feast.types import Array, Bool, Bytes, Float32, Float64, Int32, Int64, String, UnixTimestamp
import pandas as pd

project = Project(name="drivers", description="Drivers and what they do")
driver = Entity(name="driver", join_keys=["driver_id"], value_type=ValueType.INT64, description="A driver")
customer = Entity(name="customer", join_keys=["customer_id"], value_type=ValueType.STRING)

hourly = FileSource(name="driver_hourly", path="data/driver_hourly.parquet", timestamp_field="event_timestamp", created_timestamp_column="created")
driver_stats = FeatureView(
    name="driver_stats", entities=[driver], ttl=timedelta(days=365),
    schema=[
        Field(name="driver_id", dtype=Int64),
        Field(name="conv_rate", dtype=Float64), Field(name="acc_rate", dtype=Float32, description="accepted"), Field(name="trips", dtype=Int64),
        Field(name="rank", dtype=Int32), Field(name="city", dtype=String), Field(name="active", dtype=Bool), Field(name="seen", dtype=UnixTimestamp),
    ], source=hourly, tags={"team": "drivers"}, owner="a@example.com", description="What drivers did")

push_batch = FileSource(name="driver_push_batch", path="data/driver_push.parquet", timestamp_field="event_timestamp")
driver_push = PushSource(name="driver_push", batch_source=push_batch)
driver_live = FeatureView(name="driver_live", entities=[driver], ttl=timedelta(days=30),
    schema=[Field(name="conv_rate", dtype=Float64), Field(name="speed", dtype=Float64), Field(name="rides", dtype=Int64), Field(name="state", dtype=String), Field(name="since", dtype=UnixTimestamp)], source=driver_push)

orders = FileSource(name="orders", path="data/orders.parquet", timestamp_field="placed", field_mapping={"cust": "customer_id", "amt": "amount"})
customer_orders = FeatureView(name="customer_orders", entities=[customer, driver], ttl=timedelta(0),
    schema=[Field(name="amount", dtype=Float64), Field(name="note", dtype=Bytes), Field(name="scores", dtype=Array(Float64))], source=orders)

vals = RequestSource(name="vals", schema=[Field(name="boost", dtype=Float64)])
@on_demand_feature_view(sources=[driver_stats, vals], schema=[Field(name="boosted", dtype=Float64)])
def boosted(inputs: pd.DataFrame) -> pd.DataFrame:
    out = pd.DataFrame()
    out["boosted"] = inputs["conv_rate"] * inputs["boost"]
    return out

activity = FeatureService(name="activity", features=[driver_stats[["conv_rate", "trips"]], driver_live[["speed"]]], owner="b@example.com", tags={"use": "demo"}, description="For the demo")
pairs = FeatureService(name="pairs", features=[driver_stats[["conv_rate"]].with_name("mine").with_join_key_map({"driver_id": "first_driver"}), driver_stats[["conv_rate"]].with_name("theirs").with_join_key_map({"driver_id": "second_driver"})])
with_boost = FeatureService(name="with_boost", features=[driver_stats, boosted])
