"""How many requests a client may send to a member of Istio's mesh, as its pods' own proxies count them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_FILTER = "envoy.filters.http.local_ratelimit"
_TYPE = "type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit"
_CLIENT = "remote_address"
# Clients that a proxy remembers; with Envoy's default of 20 the twenty-first would empty the count of the first.
_CLIENTS = 10_000
# Needed beside the clients' own, for requests without an address: as many as a hundred clients may send.
_ALL = 100


def rate_limit(pods: Mapping[str, str], requests_per_minute: int) -> dict[str, Any]:
    """The `spec` of the EnvoyFilter that limits each client address at the pods that `pods` selects: 429 beyond that.

    Each pod counts by itself, as each pod of ingress-nginx does with `limit-rpm`. The address is the one that the
    gateway saw: proxies take it from the header that the gateway sets. An entry without a value is a count for each
    value (Envoy since 1.34, which Istio has since 1.26: local_rate_limit_filter, "dynamic descriptors").
    """
    patch = {
        "applyTo": "HTTP_FILTER",
        "match": {
            "context": "SIDECAR_INBOUND",
            "listener": {
                "filterChain": {
                    "filter": {
                        "name": "envoy.filters.network.http_connection_manager",
                        "subFilter": {"name": "envoy.filters.http.router"},
                    }
                }
            },
        },
        "patch": {"operation": "INSERT_BEFORE", "value": _filter(requests_per_minute)},
    }
    return {"workloadSelector": {"labels": dict(pods)}, "configPatches": [patch]}


def _filter(requests_per_minute: int) -> dict[str, Any]:
    always = {"default_value": {"numerator": 100, "denominator": "HUNDRED"}}
    return {
        "name": _FILTER,
        "typed_config": {
            "@type": _TYPE,
            "stat_prefix": "http_local_rate_limiter",
            "filter_enabled": always,
            "filter_enforced": always,
            "token_bucket": _bucket(requests_per_minute * _ALL),
            "always_consume_default_token_bucket": False,
            "max_dynamic_descriptors": _CLIENTS,
            "rate_limits": [{"actions": [{_CLIENT: {}}]}],
            "descriptors": [{"entries": [{"key": _CLIENT}], "token_bucket": _bucket(requests_per_minute)}],
        },
    }


def _bucket(requests_per_minute: int) -> dict[str, Any]:
    return {"max_tokens": requests_per_minute, "tokens_per_fill": requests_per_minute, "fill_interval": "60s"}
