"""The fixtures that all other tests stand on."""

import boto3
from sqlalchemy import create_engine, text

from threads_pipelines.s3_settings import S3Settings


def test_each_test_has_an_empty_database_of_its_own(database_url: str) -> None:
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE t (a int)"))
        tables = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
        assert connection.execute(text(tables)).scalars().all() == ["t"]
        assert connection.execute(text("SHOW timezone")).scalar_one() == "UTC"
    engine.dispose()


def test_each_test_has_a_bucket_of_its_own(s3_settings: S3Settings) -> None:
    client = boto3.client(
        "s3",
        endpoint_url=s3_settings.endpoint_url,
        aws_access_key_id=s3_settings.access_key_id,
        aws_secret_access_key=s3_settings.secret_access_key,
        region_name=s3_settings.region,
    )
    client.put_object(Bucket=s3_settings.bucket, Key="a", Body=b"b")
    listed = client.list_objects_v2(Bucket=s3_settings.bucket)
    assert [entry["Key"] for entry in listed["Contents"]] == ["a"]
    client.close()
