"""The Barman Cloud plugin's container in each instance: what it may take, and how it is told to work.

Measured with Barman 3.19.1, which is in the plugin's image at version 0.13.0 (containers/sidecar-requirements.txt),
on a database of 462 MiB of JSON, UUIDs and indices, against an S3 API on the same machine; CPU in seconds of one core,
memory as the proportional set size of all processes:

| what                                    | gzip            | lz4             | snappy          |
|-----------------------------------------|-----------------|-----------------|-----------------|
| base backup, two jobs (four processes)  | 53 s, 116 MiB   | 4.1 s, 117 MiB  | 3.7 s, 119 MiB  |
| the same with four jobs (six processes) |                 | 4.4 s, 175 MiB  |                 |
| its size in the bucket                  | 153 MiB         | 215 MiB         | 207 MiB         |
| one WAL file of 16 MiB                  | 0.8 s, 49 MiB   | 0.7 s, 64 MiB   | 0.5 s, 51 MiB   |
| four of them at a time                  | 4.7 s, 205 MiB  | 3.7 s, 255 MiB  | 2.7 s, 219 MiB  |
| eight                                   | 8.7 s, 384 MiB  | 8.1 s, 501 MiB  | 5.2 s, 439 MiB  |

Two jobs cost no more time than one (the one process that reads and compresses is what takes it), four cost memory.
Of 100 GiB a quarter of a core makes 1.0 hours with lz4, and 13.4 with gzip.
"""

from __future__ import annotations

from components.kubernetes.footprint import ContainerResources
from components.kubernetes.quantity import Bytes, Cpu

# Both data and WAL know it (barman-cloud 0.5.1, pkg/api/config.go); what was archived by gzip is still read, by the
# ends of its names.
COMPRESSION = "lz4"
# How many times smaller a backup is than the data: 2.15 measured, the plugin's own table has 2.4 for snappy
# (web/docs/compression.md). WAL shrinks at least as much.
RATIO = 2.0
# A base backup (117 MiB) and the one that deletes old ones (50 MiB) beside the plugin's own server, which keeps few
# objects of the API server: some 60 MiB, and an eighth to spare.
_BASE = Bytes.parse("256Mi")
_WAL_FILE = Bytes.parse("64Mi")
_CPU = Cpu.parse("250m")


def archiver(wal_parallel: int) -> ContainerResources:
    """What the container may take with so many WAL files at a time; the plugin's own default is without bounds.

    Requests equal limits, so that it costs no pod its QoS class. A quarter of a core archives a file in 2.8 seconds:
    500 GB of WAL a day.
    """
    memory = _BASE + _WAL_FILE * wal_parallel
    return ContainerResources(cpu_request=_CPU, cpu_limit=_CPU, memory_request=memory, memory_limit=memory)
