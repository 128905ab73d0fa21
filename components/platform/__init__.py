"""What an environment brings beside its systems: operators, Argo CD, rights of people, secrets, admission rules."""
