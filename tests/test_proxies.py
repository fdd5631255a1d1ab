"""HTTP_PROXY and NO_PROXY by the rules of requests, for S3, the text model and webhooks."""

from dataclasses import replace

import pytest

from tests.fake_text_model import Behaviour, text_model_servers
from tests.operations.receiver import receiving
from threads_pipelines import proxies
from threads_pipelines.content.model.ollama import OllamaModel
from threads_pipelines.content.text_model import CompletionOptions
from threads_pipelines.errors import DeliveryError, ObjectStorageError, TextModelError
from threads_pipelines.health import delivery
from threads_pipelines.health.delivery import send_alert
from threads_pipelines.s3_settings import S3Settings
from threads_pipelines.storage.s3.objects import ObjectStore

NOBODY = "http://127.0.0.1:9"


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that does not answer."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("HTTP_PROXY", NOBODY)
    monkeypatch.setenv("HTTPS_PROXY", NOBODY)
    monkeypatch.setattr(delivery, "_PAUSE_SECONDS", 0.0)


@pytest.mark.parametrize(
    ("url", "no_proxy", "direct"),
    [
        ("http://minio:9000", "", False),
        ("http://minio:9000", "minio", True),
        ("http://s3.corp.example", "corp.example", True),
        ("http://s3.corp.example", ".corp.example", True),
        ("http://10.1.2.3:9000", "10.0.0.0/8", True),
        ("http://11.1.2.3:9000", "10.0.0.0/8", False),
        ("https://hooks.example", "*", True),
        ("http://127.0.0.1:8333", "", True),
        ("http://localhost:8333", "", True),
        ("http://[::1]:8333", "", True),
        ("http://0.0.0.0:11434", "", True),
    ],
)
@pytest.mark.usefixtures("proxy")
def test_who_is_reached_directly(
    url: str, no_proxy: str, direct: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", no_proxy)
    assert proxies.proxy_for(url) == (None if direct else NOBODY)


def test_the_services_of_this_machine_are_reached_directly(
    s3_settings: S3Settings, proxy: None
) -> None:
    store = ObjectStore(s3_settings)
    store.put("a", b"bytes")
    assert store.get("a") == b"bytes"
    with text_model_servers() as start:
        model = OllamaModel(start(Behaviour("warm.")).host.removeprefix("http://"), "gemma")
        assert model.complete("a", CompletionOptions(1)) == "warm."
    with receiving(200) as receiver:
        send_alert(receiver.url, "text")
        assert receiver.texts == ["text"]


def test_a_service_behind_the_proxy_is_asked_through_it_and_advice_says_so(
    s3_settings: S3Settings, proxy: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = replace(s3_settings, endpoint_url="http://s3.corp.example:9000")
    with pytest.raises(ObjectStorageError, match="NO_PROXY"):
        ObjectStore(elsewhere).get("a")
    with pytest.raises(TextModelError, match="NO_PROXY"):
        OllamaModel("models.corp.example", "gemma")
    with pytest.raises(DeliveryError, match="NO_PROXY"):
        send_alert("http://hooks.corp.example", "text")
    with receiving(200) as receiver:  # a proxy that answers all by itself
        monkeypatch.setenv("HTTP_PROXY", receiver.url)
        send_alert("http://hooks.corp.example/path", "text")
        assert receiver.requests[0][:2] == ("POST", "http://hooks.corp.example/path")


def test_a_proxy_in_the_way_is_named_whatever_it_answers(
    s3_settings: S3Settings, proxy: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with receiving(403) as receiver:
        monkeypatch.setenv("HTTP_PROXY", receiver.url.replace("//", "//me:hunter2@"))
        elsewhere = replace(s3_settings, endpoint_url="http://s3.corp.example:9000")
        with pytest.raises(ObjectStorageError, match=r"403.*NO_PROXY") as caught:
            ObjectStore(elsewhere).put("a", b"")
    assert "hunter2" not in str(caught.value)
