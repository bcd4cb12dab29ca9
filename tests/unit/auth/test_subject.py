"""Subject tokens of the platforms, from real files and real servers."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx2
import pytest

from oxide.auth import (
    azure_managed_identity_token_provider,
    gcp_id_token_provider,
    k8s_service_account_token_provider,
    subject,
)
from oxide.errors import SubjectTokenProviderError
from oxide.testing import Answer, Server


async def ask(provider: Any) -> str:
    return await asyncio.to_thread(provider["get_token"])


def test_the_file_of_kubernetes(tmp_path: Path) -> None:
    file = tmp_path / "token"
    provider = k8s_service_account_token_provider(file)
    assert provider["token_type"] == "jwt"
    with pytest.raises(SubjectTokenProviderError, match="No such file") as info:
        provider["get_token"]()
    assert str(file) in str(info.value)
    for number in (1, 2):
        file.write_text(f" token-{number}\n")
        assert k8s_service_account_token_provider(str(file))["get_token"]() == f"token-{number}"
    file.write_text(" \n")
    with pytest.raises(SubjectTokenProviderError, match="empty"):
        provider["get_token"]()
    file.write_bytes(b"secret\xff")
    with pytest.raises(SubjectTokenProviderError, match="not text") as info:
        provider["get_token"]()
    assert "secret" not in repr(info.value)
    assert info.value.__context__ is None, "the decoder's error holds the bytes"


@pytest.fixture(params=["own", "httpx2"])
def through(request: pytest.FixtureRequest, oxide_server: Server, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Options with which the metadata services are those of the test's server."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    root = oxide_server.base_url.removesuffix("/v1")
    if request.param == "own":
        monkeypatch.setattr(subject, "AZURE_URL", f"{root}/metadata/identity/oauth2/token")
        monkeypatch.setattr(subject, "GCP_URL", f"{root}/computeMetadata/v1/identity")
        return {}

    class Client:
        """Sends to the server what is meant for the platform."""

        def get(self, url: str, **options: Any) -> Any:
            path = httpx2.URL(url).path
            assert url in (subject.AZURE_URL, subject.GCP_URL)
            with httpx2.Client(trust_env=False) as client:
                return client.get(root + path.replace("/instance/service-accounts/default", ""), **options)

    return {"http_client": Client()}


async def test_azure(oxide_server: Server, through: Any) -> None:
    path = "/metadata/identity/oauth2/token"
    oxide_server.script(path, {"access_token": "azure-token", "expires_in": "86399"}, times=None)
    provider = azure_managed_identity_token_provider(**through)
    assert provider["token_type"] == "jwt"
    assert await ask(provider) == "azure-token"
    chosen = azure_managed_identity_token_provider(
        "api://mine", object_id="o", client_id="c", msi_res_id="m", api_version="2020-01-01", **through
    )
    assert await ask(chosen) == "azure-token"
    first, second = oxide_server.journal
    assert dict(first.query) == {"api-version": "2018-02-01", "resource": "https://management.azure.com/"}
    assert dict(second.query) == {
        "api-version": "2020-01-01",
        "resource": "api://mine",
        "object_id": "o",
        "client_id": "c",
        "msi_res_id": "m",
    }
    assert first.headers["metadata"] == "true"


async def test_google(oxide_server: Server, through: Any) -> None:
    oxide_server.script("/computeMetadata/v1/identity", Answer((b"google-token\n",)), times=None)
    provider = gcp_id_token_provider(**through)
    assert provider["token_type"] == "id"
    assert await ask(provider) == "google-token"
    await ask(gcp_id_token_provider("https://mine.example/a?b=c", **through))
    first, second = oxide_server.journal
    assert dict(first.query) == {"audience": "https://api.openai.com/v1"}
    assert dict(second.query) == {"audience": "https://mine.example/a?b=c"}
    assert first.headers["metadata-flavor"] == "Google"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Answer.json({"error": "x"}, status=404), "HTTP 404"),
        (Answer.redirect("/v1/models"), "HTTP 30"),
        (Answer.json({}), "answer has no `access_token`|answer is empty"),
        (Answer.json({"access_token": ""}), "answer has no `access_token`|answer is empty"),
        (Answer((b"",)), "answer is not a JSON object|answer is empty"),
        (Answer((b"x",), 500, disconnect_after=0), "no answer"),
    ],
)
async def test_metadata_services_that_fail(
    oxide_server: Server, through: Any, answer: Answer, words: str
) -> None:
    oxide_server.script("*", answer, times=None)
    for make in (azure_managed_identity_token_provider, gcp_id_token_provider):
        provider = make(**through)
        if make is gcp_id_token_provider and answer.status == 200 and b"".join(answer.pieces):
            continue  # any text is a token to Google
        with pytest.raises(SubjectTokenProviderError, match=words) as info:
            await ask(provider)
        if answer.status >= 300 and answer.disconnect_after is None:
            assert info.value.response is not None
            assert info.value.response.status_code == answer.status


async def test_a_metadata_service_that_hangs(oxide_server: Server, through: Any) -> None:
    oxide_server.script("*", Answer.hang(), times=None)
    with pytest.raises(
        SubjectTokenProviderError, match=r"of Azure gave no subject token: no answer \(\w*Time"
    ):
        await ask(azure_managed_identity_token_provider(timeout=0.1, **through))
