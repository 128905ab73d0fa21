"""Who may log in to Redis, and what each may do: the operator everything, the application what works on keys."""

from __future__ import annotations

from components.cache.args import CacheArgs
from components.credentials import Composed

# The key under which the operator mounts it as Redis' ACL file.
KEY = "user.acl"
# No configuration, no replication, no shutdown, nothing that empties or walks the whole store at once (KEYS,
# FLUSHALL). INFO is among the dangerous ones, and what clients ask first to see whether the server is ready.
_APPLICATION_RULES = "~* &* +@all -@admin -@dangerous +info"
# The operator, its probes, replication and the exporter log in as `default`. A file that leaves `default` out gives
# it back to everybody, without a password.
_FILE = "user default on #{password:sha256} ~* &* +@all\nuser {user} on #{application:sha256} {rules}\n"


def acl_file(args: CacheArgs) -> Composed:
    """Redis' ACL file with the digests of both passwords."""
    return Composed(
        text=_FILE,
        secret={"password": args.password, "application": args.application_password},
        plain={"user": args.application_user, "rules": _APPLICATION_RULES},
    )
