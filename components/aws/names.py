"""Names that AWS takes."""

from __future__ import annotations

import re

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html, without dots, which break TLS.
_BUCKET = re.compile(r"(?=.{3,63}\Z)[a-z0-9]([-a-z0-9]*[a-z0-9])?")


def bucket_name(value: str) -> str:
    """Return `value` if it may name a bucket (3 to 63 characters, without dots); else raise ValueError."""
    if not _BUCKET.fullmatch(value):
        raise ValueError(
            f"{value!r} is not a bucket name: use 3 to 63 lower-case letters, digits and '-', such as acme-files"
        )
    return value
