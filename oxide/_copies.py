"""What changes in a copy of a client when its credentials or its address do."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ._client_options import base_address, headers_over
from ._credentials import is_x509
from .constants import MTLS_RESIDENCY_URLS
from .options import NotGiven, Omit, not_given

if TYPE_CHECKING:
    from .client import AsyncOpenAI

__all__ = ["change_identity"]


def change_identity(
    copied: AsyncOpenAI,
    source: AsyncOpenAI,
    *,
    api_key: Any,
    admin_api_key: str | None,
    identity: Any,
    provider: Any,
    organization: str | None,
    project: str | None,
    base_url: Any,
    data_residency: Any,
    websocket_base_url: object | None,
    headers: Mapping[str, str | Omit] | None,
) -> None:
    """Give a copy other credentials or another address than its source has.

    Args:
      copied: the copy, which has everything else already.
      source: the client copied.
      api_key: key, or function that gives it.
      admin_api_key: key for the administration endpoints.
      identity: workload identity.
      provider: provider, None for none, or `not_given` for that of the source.
      organization, project: as given for the copy.
      base_url, data_residency, websocket_base_url: address, as given for the copy.
      headers: headers given for the copy.

    Raises:
      OpenAIError: the options exclude each other, or credentials are missing.
      ValueError: base_url, data_residency and websocket_base_url exclude each other.
    """
    old: Any = source
    new: Any = copied
    provider_now = old._provider if isinstance(provider, NotGiven) else provider
    provider_changed = provider_now is not old._provider
    identity_now = old.workload_identity if identity is None and api_key is None else identity
    mutual_tls = is_x509(identity_now)
    mode_changed = mutual_tls != is_x509(old.workload_identity)
    named = base_url is not None and not isinstance(base_url, NotGiven)
    region = data_residency
    if region is None and mode_changed and not named:
        region = old._data_residency
    address = base_address(
        not_given if base_url is None and data_residency is None else base_url,
        region,
        websocket_base_url,
        provider_now,
        mutual_tls,
    )
    fresh = provider_changed or provider_now is not None
    if provider_changed:
        # Nothing that was meant for one provider goes to another.
        new._provider = provider_now
        new.organization = organization if provider_now or organization else os.environ.get("OPENAI_ORG_ID")
        new.project = project if provider_now or project else os.environ.get("OPENAI_PROJECT_ID")
        new._set_headers(headers)
    elif mode_changed and mutual_tls and old._ambient_authorizations:
        kept = {n: v for n, v in old._custom_headers.items() if v not in old._ambient_authorizations}
        new._custom_headers = headers_over(kept, headers)
        new._ambient_authorizations = frozenset()
    if fresh and not (provider_now is old._provider and address is None and api_key is None):
        new._set_credentials(api_key, admin_api_key, identity, provider_now, address)
    elif not fresh and (
        identity is not None
        or (old.workload_identity is not None and api_key is not None)
        or (identity_now is not None and new._connections is not old._connections)
    ):
        key = api_key if identity is not None else api_key or old._api_key_provider or old.api_key
        new._set_credentials(key, admin_api_key or old.admin_api_key, identity_now, None, address)
    elif api_key is not None:
        new._set_key(api_key)
    _readdress(
        new, old, address, mutual_tls, provider_changed or (mode_changed and old._base_url_was_default)
    )
    if data_residency is not None:
        new._data_residency = data_residency
    elif named or provider_changed:
        new._data_residency = None


def _readdress(new: Any, old: Any, address: Any, mutual_tls: bool, anew: bool) -> None:
    if new._provider_runtime is not None:
        if new._provider_runtime is not old._provider_runtime:
            new._set_base(new._provider_runtime.base_url)
            new._base_url_was_default = False
        return
    if address is None and anew:
        address = os.environ.get("OPENAI_BASE_URL")
        new._base_url_was_default = address is None
        new._set_base(MTLS_RESIDENCY_URLS["global"] if address is None and mutual_tls else address)
    elif address is not None:
        new._base_url_was_default = False
        new._set_base(address)
    elif mutual_tls:
        # The inherited address was not checked when it was set.
        new._set_base(old._base)
