"""Addresses of Amazon Bedrock: which are its own, and which endpoint and region a name stands for."""

from __future__ import annotations

import re
from typing import Literal

from yarl import URL

from ..errors import OpenAIError

__all__ = [
    "BedrockEndpoint",
    "check_address",
    "check_region",
    "default_address",
    "normal_address",
    "normal_text",
    "parse_host",
]

BedrockEndpoint = Literal["mantle", "runtime"]
"""Which of Bedrock's two endpoints: `bedrock-mantle` or `bedrock-runtime`."""

_REGION = re.compile(r"[a-z]{2,8}(?:-[a-z0-9]+)+-\d+")
_RESPONSES = re.compile(r"/responses(?:/.*)?$")

# AWS partitions: prefix of their regions → domains of the runtime endpoint.
_PARTITIONS = {
    "cn-": ("amazonaws.com.cn", "api.amazonwebservices.com.cn"),
    "eusc-": ("amazonaws.eu", "api.amazonwebservices.eu"),
    "us-iso-": ("c2s.ic.gov", "api.aws.ic.gov"),
    "us-isob-": ("sc2s.sgov.gov", "api.aws.scloud"),
    "eu-isoe-": ("cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"),
    "us-isof-": ("csp.hci.ic.gov", "api.aws.hci.ic.gov"),
}


def normal_text(text: str | None) -> str | None:
    """The text without surrounding space, or None where nothing is left.

    Args:
      text: a setting.
    """
    return (text or "").strip() or None


def normal_address(url: str) -> str:
    """A base URL without a slash at its end, and without the `/responses` of an address copied whole.

    Args:
      url: the base URL.
    """
    place = URL(url.strip())
    path = _RESPONSES.sub("", place.raw_path.rstrip("/"))
    return str(place.with_path(path or "/", encoded=True)).rstrip("/")


def _domains(region: str) -> tuple[str, str]:
    for prefix, domains in _PARTITIONS.items():
        if region.startswith(prefix):
            return domains
    return "amazonaws.com", "api.aws"


def parse_host(host: str) -> tuple[BedrockEndpoint, str] | None:
    """Endpoint and region of one of Bedrock's own names, or None for any other.

    Args:
      host: host name.
    """
    service, _, rest = host.removesuffix(".").lower().partition(".")
    region, _, domain = rest.partition(".")
    if not domain or _REGION.fullmatch(region) is None:
        return None
    if service == "bedrock-mantle" and domain == "api.aws":
        return "mantle", region
    if service in ("bedrock-runtime", "bedrock-runtime-fips") and domain in _domains(region):
        return "runtime", region
    return None


def check_region(region: str | None) -> None:
    """Refuse what is no AWS region.

    Args:
      region: a region, or None.

    Raises:
      OpenAIError: it is malformed.
    """
    if region is not None and _REGION.fullmatch(region) is None:
        raise OpenAIError(
            "The Bedrock AWS `region` is invalid. Use a standard AWS region such as `us-east-1`."
        )


def check_address(url: str, *, endpoint: BedrockEndpoint, region: str | None) -> None:
    """Refuse one of Bedrock's own addresses that is not the one meant.

    Args:
      url: the base URL.
      endpoint: the endpoint meant.
      region: the region meant, or None for any.

    Raises:
      OpenAIError: it is not https, or of another endpoint or region.
    """
    place = URL(url)
    found = parse_host(place.host or "")
    if found is None:
        return
    if place.scheme != "https":
        raise OpenAIError("Canonical Amazon Bedrock endpoints require HTTPS.")
    if found[0] != endpoint:
        raise OpenAIError(
            f"The Bedrock {found[0]} hostname does not match the selected `{endpoint}` endpoint. "
            f"Set `endpoint='{found[0]}'` to use this hostname."
        )
    if region is not None and found[1] != region:
        raise OpenAIError(
            f"The Bedrock endpoint region `{found[1]}` does not match the configured AWS region `{region}`."
        )


def default_address(endpoint: BedrockEndpoint, region: str) -> str:
    """The base URL of an endpoint in a region.

    Args:
      endpoint: which endpoint.
      region: AWS region.
    """
    if endpoint == "runtime":
        return f"https://bedrock-runtime.{region}.{_domains(region)[0]}/openai/v1"
    return f"https://bedrock-mantle.{region}.api.aws/openai/v1"
