"""The command line, `python -m ops COMMAND`: what a person does with an environment.

Exit statuses: 0 done, 1 refused or failed, 2 invalid configuration or usage.
"""
