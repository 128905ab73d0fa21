"""SQL on a CloudNativePG cluster, by psql in its primary's pod: no port is opened, no client is needed here.

Statements and passwords go through standard input, so that neither stands among the arguments of any process.
"""

from __future__ import annotations

from dataclasses import dataclass

from ops.errors import OperationError
from ops.kubectl import ClusterError, Kubectl

_CONTAINER = "postgres"
_PSQL = ("psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1")
# The first line is the password, so that it is in no argument; what follows is psql's.
_LOGIN = 'IFS= read -r PGPASSWORD && export PGPASSWORD && exec "$@"'
_TABLES = """
SELECT format('%I.%I', schemaname, relname), (xpath('/row/n/text()', query_to_xml(
    format('SELECT count(*) AS n FROM %I.%I', schemaname, relname), false, true, '')))[1]
FROM pg_stat_user_tables ORDER BY 1
"""


@dataclass(frozen=True)
class Connection:
    """The database `database` of the cluster `name`."""

    kubectl: Kubectl
    namespace: str
    name: str
    database: str

    def sql(self, text: str) -> list[list[str]]:
        """The rows of a statement's result, run as the server's superuser on the pod's own socket."""
        command = [*_PSQL, f"--dbname={self.database}", "--file=-"]
        # Told to end, and not left to wait for the end of the stream, which not every kubelet hands on.
        printed = self._exec(*command, stdin=f"{text};\n\\q\n")
        return [line.split("|") for line in printed.splitlines() if line]

    def tables(self) -> dict[str, int]:
        """Its tables, each with how many rows it has: what is there, and whether anything is missing altogether."""
        return {table: int(rows) for table, rows in self.sql(_TABLES)}

    def writes(self) -> bool:
        """Whether there is a primary and it takes writes: one that replays WAL or is just starting does not."""
        try:
            return self.sql("SELECT pg_is_in_recovery()") == [["f"]]
        except ClusterError as error:
            if "not found" in str(error) or "starting up" in str(error):
                return False
            raise

    def accepts(self, user: str, password: str) -> bool:
        """Whether the server lets the user in with this password, over TLS as applications come."""
        target = f"host={self.name}-rw user={user} dbname={self.database} sslmode=require connect_timeout=5"
        command = ["sh", "-c", _LOGIN, "login", *_PSQL, "--no-password", f"--dbname={target}", "--command=SELECT 1"]
        try:
            return self._exec(*command, stdin=f"{password}\n").strip() == "1"
        except ClusterError as error:
            if "password authentication failed" in str(error) or "no password supplied" in str(error):
                return False
            raise

    def _exec(self, *command: str, stdin: str) -> str:
        where = (f"--namespace={self.namespace}", f"--container={_CONTAINER}")
        return self.kubectl.run("exec", "-i", *where, self._primary(), "--", *command, stdin=stdin)

    def _primary(self) -> str:
        cluster = self.kubectl.json("get", f"clusters.postgresql.cnpg.io/{self.name}", f"--namespace={self.namespace}")
        primary = cluster.get("status", {}).get("currentPrimary")
        if not primary:
            raise OperationError(f"Cluster {self.namespace}/{self.name} has no primary: {_phase(cluster)}")
        return str(primary)


def _phase(cluster: dict[str, dict[str, str]]) -> str:
    return cluster.get("status", {}).get("phase", "its operator has reported nothing yet")
