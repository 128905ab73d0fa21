"""How many MinIO servers make erasure sets, known without a cluster."""

from __future__ import annotations

# https://min.io/docs/minio/linux/operations/concepts/erasure-coding.html: sets are equally large, of up to 16 drives.
_SET_SIZES = range(4, 17)
ERASURE_SETS = "use 1, or 4 and more that divide into sets of 4 to 16"


def keeps_erasure_sets(servers: int) -> bool:
    """Whether MinIO starts with as many servers of a drive each: alone, or in sets that keep files when some fail."""
    return servers == 1 or any(servers % size == 0 for size in _SET_SIZES if servers > 0)
