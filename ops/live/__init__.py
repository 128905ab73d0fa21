"""What the cluster has of an environment: found, judged ready or not, waited for, and compared with what it should be.

Nothing here changes the cluster, but for `taking_back.py`; what deploys is `ops.engine`.
"""
