"""A request ends in its time, goes to nobody else, and what is said of it holds no key."""

from __future__ import annotations

import contextlib
import logging
import socket
import ssl
import threading
import traceback
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from agent_memory.summaries.errors import ProviderMisconfigured, ProviderUnavailable
from agent_memory.summaries.providers import ProviderSettings, open_language_model
from agent_memory.summaries.providers.http import ANSWER_BYTES_MAX, _is_here
from agent_memory.testing.language_model_checks import PROMPT
from agent_memory.testing.language_models import DRIP, DROP, HANG, KEY, LanguageModelServer, Turn, fail
from tests.unit.summaries.providers.conftest import MakeModel


@contextlib.contextmanager
def tls_listener(folder: Path) -> Iterator[int]:
    """A port that speaks TLS with a certificate that it made itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(datetime(2020, 1, 1))
        .not_valid_after(datetime(2120, 1, 1))
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "pem").write_bytes(pem + certificate.public_bytes(Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "pem")

    def greet() -> None:
        with contextlib.suppress(OSError):  # Whoever calls hangs up.
            connection, _ = listener.accept()
            with connection:
                context.wrap_socket(connection, server_side=True)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=greet)
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


HTTP = ("openai", "anthropic", "gemini")


@pytest.mark.parametrize("turn", [HANG, DRIP], ids=["hangs", "drips"])
def test_no_answer_takes_longer_than_it_may(server: LanguageModelServer, make_model: MakeModel, turn: Turn) -> None:
    """Also one that comes a byte at a time, each of them soon enough."""
    server.will(turn)
    with pytest.raises(ProviderUnavailable, match=r"no answer within 0\.2 s"):
        make_model("openai", timeout_s=0.2).complete(PROMPT)


def test_an_answer_without_end_is_not_read_to_its_end(server: LanguageModelServer, make_model: MakeModel) -> None:
    server.will(Turn(body=b" " * (ANSWER_BYTES_MAX + 1)))
    with pytest.raises(ProviderUnavailable, match="longer than"):
        make_model("openai").complete(PROMPT)


def test_a_redirect_is_not_followed(server: LanguageModelServer, make_model: MakeModel) -> None:
    elsewhere = server.url("anthropic") + "/v1/messages"
    server.will(Turn(status=307, headers={"location": elsewhere}))
    with pytest.raises(ProviderMisconfigured) as caught:
        make_model("openai").complete(PROMPT)

    assert "summaries_url" == caught.value.field
    assert 1 == len(server.calls)


def test_packed_answers_are_not_asked_for_and_not_unpacked(server: LanguageModelServer, make_model: MakeModel) -> None:
    """A few bytes could be a bomb of many."""
    server.will(Turn(body=b"x", headers={"content-encoding": "gzip"}))
    with pytest.raises(ProviderUnavailable, match="encoding"):
        make_model("openai").complete(PROMPT)

    assert "identity" == server.calls[0].headers["accept-encoding"]


def test_nobody_at_the_address_is_a_wait_that_names_it() -> None:
    model = open_language_model(ProviderSettings(provider="openai", model="m", url="http://127.0.0.1:1/v1"))
    with pytest.raises(ProviderUnavailable, match=r"nobody answers, at http://127\.0\.0\.1:1/v1"):
        model.complete(PROMPT)


def test_a_certificate_that_nobody_vouches_for_is_not_taken(tmp_path: Path) -> None:
    with tls_listener(tmp_path) as port:
        model = open_language_model(
            ProviderSettings(provider="openai", model="m", url=f"https://127.0.0.1:{port}/v1", timeout_s=20)
        )
        with pytest.raises(ProviderMisconfigured) as caught:
            model.complete(PROMPT)

    assert "its certificate is not trusted" in str(caught.value)
    assert "SSL_CERT_FILE" in caught.value.hint


def test_a_proxy_of_the_environment_is_asked(
    server: LanguageModelServer, make_model: MakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = server.url("openai").removesuffix("/v1")
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, proxy)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ProviderMisconfigured):  # The server is no proxy: it knows no such path.
        make_model("openai", url="http://models.example/v1").complete(PROMPT)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "localhost"])
def test_no_proxy_hears_what_is_said_to_this_machine(
    server: LanguageModelServer, make_model: MakeModel, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    if host == "127.0.0.1":
        assert make_model("openai").complete(PROMPT).text

    assert _is_here(f"http://{host}:11434/v1")


def test_without_a_key_none_is_sent(server: LanguageModelServer, make_model: MakeModel) -> None:
    """Least of all the one of OpenAI to whoever else speaks its API."""
    server.key = ""
    make_model("openai", key_variable="", environ={"OPENAI_API_KEY": KEY}).complete(PROMPT)

    assert "authorization" not in server.calls[0].headers


@pytest.mark.parametrize("provider", HTTP)
def test_the_key_goes_into_a_header_and_nowhere_else(
    server: LanguageModelServer, make_model: MakeModel, provider: str
) -> None:
    make_model(provider).complete(PROMPT)
    (call,) = server.calls

    assert [name for name, value in call.headers.items() if KEY in value] in (
        ["authorization"],
        ["x-api-key"],
        ["x-goog-api-key"],
    )
    assert KEY not in call.path


@pytest.mark.parametrize("provider", HTTP)
def test_no_error_no_log_and_no_representation_holds_the_key(
    server: LanguageModelServer, make_model: MakeModel, provider: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.will(fail(401, f"Incorrect key {KEY}"), fail(400, f"what is {KEY}?"), fail(500, KEY), DROP, Turn(body=b"{"))
    model = make_model(provider)
    told = [repr(model)]
    for _ in range(5):
        with pytest.raises(Exception) as caught:  # noqa: PT011 - whichever
            model.complete(PROMPT)
        told += traceback.format_exception(caught.value)
        told += [str(vars(caught.value)), getattr(caught.value, "advice", "")]
    model.complete(PROMPT)

    assert KEY not in "\n".join(told) + caplog.text


@pytest.mark.parametrize("held", ["bad\nkey", "schlüssel", "two words", "", "x" * 5000])
def test_what_is_no_key_is_not_sent_and_not_shown(
    server: LanguageModelServer, make_model: MakeModel, tmp_path: Path, held: str
) -> None:
    file = tmp_path / "key"
    file.write_text(held, encoding="utf-8")
    with pytest.raises(ProviderMisconfigured) as caught:
        make_model("openai", key_variable="", key_file=str(file)).complete(PROMPT)

    assert [] == server.calls
    assert not held or held not in caught.value.advice
    assert str(file) in caught.value.advice


def test_a_key_file_is_read_for_each_request(
    server: LanguageModelServer, make_model: MakeModel, tmp_path: Path
) -> None:
    """So a new key needs no restart."""
    file = tmp_path / "key"
    file.write_text("sk-of-yesterday\n")
    model = make_model("openai", key_variable="", key_file=str(file))
    with pytest.raises(ProviderMisconfigured):
        model.complete(PROMPT)
    file.write_text(f"{KEY}\n")

    assert model.complete(PROMPT).text


def test_a_key_that_is_not_where_it_should_be_is_said_with_what_to_do(make_model: MakeModel) -> None:
    with pytest.raises(ProviderMisconfigured) as caught:
        make_model("anthropic", url="", key_variable="", environ={}).complete(PROMPT)

    assert "ANTHROPIC_API_KEY" in str(caught.value)
    assert "summaries_key_file" in caught.value.hint
