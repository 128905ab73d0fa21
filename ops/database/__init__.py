"""The bad days of a database: `ops rotate database-password` and `ops db …`.

What lasts is a step in the environment's file (`stacks/schema/database.py`), deployed like any other change; nothing is
changed behind the program's back. Each command looks at the file first, so that one that was killed goes on from there.

- `state.py`: the steps in the file;
- `connection.py`: SQL on a cluster's primary, by `kubectl exec`;
- `environment.py`: an environment with its cluster and its database;
- `rotate.py`, `restore.py`, `replication.py`, `drill.py`: the commands.
"""
