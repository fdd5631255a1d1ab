"""The real ``ollama`` client against the embedded Gemma."""

import http.client
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import ollama
import pytest

OPTIONS = {"temperature": 0.7, "repeat_penalty": 1.1, "num_predict": 8, "seed": 7}
PROMPT = "The best way to learn to cook is"


@pytest.fixture
def client(gemma_server: dict[str, str]) -> Iterator[ollama.Client]:
    with ollama.Client(gemma_server["OLLAMA_HOST"], timeout=20, trust_env=False) as client:
        yield client


@pytest.fixture
def model(gemma_server: dict[str, str]) -> str:
    return gemma_server["OLLAMA_MODEL"]


def test_lists_and_shows_the_base_weights(client: ollama.Client, model: str) -> None:
    (listed,) = client.list().models
    assert listed.model == model == "gemma3:270m"
    assert listed.size is not None
    assert listed.size > 250_000_000
    shown = client.show(model)
    assert shown.template == ""
    assert shown.capabilities == ["completion"]
    assert shown.details is not None
    assert "base weights" in str(shown.details.parameter_size)


def test_generates_the_same_text_for_the_same_seed(client: ollama.Client, model: str) -> None:
    first = client.generate(model, PROMPT, options=OPTIONS, raw=True)
    client.generate(model, "Something else", options=OPTIONS, raw=True)
    again = client.generate(model, PROMPT, options=OPTIONS, raw=True)
    other = client.generate(model, PROMPT, options={**OPTIONS, "seed": 8}, raw=True)
    assert first.response
    assert first.response == again.response != other.response
    assert (first.done, first.done_reason, first.eval_count) == (True, "length", 8)
    assert first.prompt_eval_count == 9


def test_streams_the_pieces_of_that_text(client: ollama.Client, model: str) -> None:
    pieces = list(client.generate(model, PROMPT, options=OPTIONS, stream=True))
    assert "".join(piece.response or "" for piece in pieces) == _text(client, model)
    assert [piece.done for piece in pieces] == [False] * (len(pieces) - 1) + [True]
    assert len(pieces) > 4


def test_stops_where_it_is_told(client: ollama.Client, model: str) -> None:
    free = _text(client, model)
    word = free.split()[3]
    stopped = client.generate(model, PROMPT, options={**OPTIONS, "stop": [word]})
    assert stopped.response == free[: free.index(word)]
    assert stopped.done_reason == "stop"


def test_chats(client: ollama.Client, model: str) -> None:
    messages = [{"role": "user", "content": PROMPT}]
    answer = client.chat(model, messages, options=OPTIONS)
    assert answer.message.role == "assistant"
    assert answer.message.content == _text(client, model)
    pieces = client.chat(model, messages, options=OPTIONS, stream=True)
    assert "".join(piece.message.content or "" for piece in pieces) == answer.message.content


def test_keeps_to_a_json_format(client: ollama.Client, model: str) -> None:
    schema = {
        "type": "object",
        "properties": {"mood": {"enum": ["glad", "sad"]}},
        "required": ["mood"],
        "additionalProperties": False,
    }
    options = {"seed": 1, "num_predict": 20, "temperature": 0}
    answer = client.generate(model, "The mood: ", options=options, format=schema)
    assert json.loads(answer.response or "")["mood"] in {"glad", "sad"}


def test_an_empty_prompt_loads_the_model(client: ollama.Client, model: str) -> None:
    answer = client.generate(model, "")
    assert (answer.response, answer.done_reason) == ("", "load")


def test_callers_wait_for_their_turn(client: ollama.Client, model: str) -> None:
    def ask(seed: int) -> str:
        return _text(client, model, seed)

    alone = [ask(1), ask(2), ask(3)]
    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(ask, [1, 2, 3])) == alone


def test_a_client_that_hangs_up_ends_its_generation(
    client: ollama.Client, model: str, gemma_server: dict[str, str]
) -> None:
    connection = _connect(gemma_server)
    body = {"model": model, "prompt": PROMPT, "options": {"num_predict": 2000, "seed": 1}}
    connection.request("POST", "/api/generate", json.dumps(body | {"stream": False}))
    connection.close()
    # 2000 tokens take minutes: an answer within the client's timeout proves the end of them.
    assert client.generate(model, PROMPT, options=OPTIONS).done


@pytest.mark.parametrize("name", ["gemma3", "llama3:8b"])
def test_an_unknown_model_is_404(client: ollama.Client, name: str) -> None:
    for ask in (client.generate, client.show, client.chat):
        with pytest.raises(ollama.ResponseError, match=f"model '{name}' not found") as caught:
            ask(name)
        assert caught.value.status_code == 404
    with pytest.raises(ollama.ResponseError, match=f"model '{name}' not found"):
        list(client.generate(name, "x", stream=True))


@pytest.mark.parametrize(
    ("path", "body", "status", "said"),
    [
        ("/api/generate", "{", 400, "not JSON"),
        ("/api/generate", "[]", 400, "dictionary"),
        ("/api/generate", '{"model": "gemma3:270m", "prompt": 5}', 400, "prompt"),
        ("/api/generate", '{"prompt": "x"}', 400, "model"),
        (
            "/api/generate",
            '{"model": "gemma3:270m", "prompt": "x", "format": "xml"}',
            400,
            "format",
        ),
        ("/api/nothing", "{}", 404, "/api/nothing"),
    ],
)
def test_a_bad_request_is_refused(
    gemma_server: dict[str, str], path: str, body: str, status: int, said: str
) -> None:
    connection = _connect(gemma_server)
    connection.request("POST", path, body)
    answer = connection.getresponse()
    assert answer.status == status
    assert said in json.loads(answer.read())["error"]
    connection.close()


@pytest.mark.parametrize("stream", [True, False])
def test_what_the_engine_refuses_is_400(client: ollama.Client, model: str, stream: bool) -> None:
    with pytest.raises(ollama.ResponseError, match="exceeds the available context size") as caught:
        list(client.generate(model, "word " * 4000, stream=stream))  # type: ignore[call-overload]  # either way
    assert caught.value.status_code == 400
    with pytest.raises(ollama.ResponseError, match="top_k"):
        client.generate(model, "x", options={"top_k": "many"})


def _text(client: ollama.Client, model: str, seed: int = 7) -> str:
    return client.generate(model, PROMPT, options={**OPTIONS, "seed": seed}).response or ""


def _connect(server: dict[str, str]) -> http.client.HTTPConnection:
    address = urlsplit(server["OLLAMA_HOST"])
    return http.client.HTTPConnection(str(address.hostname), address.port, timeout=30)
