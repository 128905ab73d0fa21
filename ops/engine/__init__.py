"""Pulumi, which deploys every environment, driven by its Automation API with the program inline.

- `programs.py`: which engine there is: the one on PATH, or the one that is built once;
- `backend.py`: where state is kept when the user has chosen no backend;
- `stack.py`: the stack of an environment: preview, up, refresh, destroy, export, import;
- `plan.py`: what a run will change, by object and field, and what it has changed;
- `consent.py`: what is asked before that, and of whom;
- `reconciling.py`: state and cluster brought into agreement before a run: killed runs, drift, lost state;
- `adoption.py`: the state of objects that are in the cluster and not in the state;
- `state.py`: backups of the state, and whether it is sound;
- `run_lock.py`: one run at a time;
- `targets.py`: which of a stack's resources are a system's.
"""
