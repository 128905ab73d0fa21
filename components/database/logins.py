"""The logins of a database: Secrets that outlive the cluster, since one that is restored has the same users."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi

from components.credentials import ExternalStore, SecretBundle, SecretBundleArgs
from components.database.args import Login
from components.naming import Scope


class DatabaseLogins(pulumi.ComponentResource):
    """A Secret for each login, of type `kubernetes.io/basic-auth`, as the operator reads it. Outputs: none.

    With `protect` they are kept from deletion as their database is.
    """

    def __init__(
        self,
        name: str,
        *,
        scope: Scope,
        component: str,
        logins: Sequence[Login],
        store: ExternalStore | None,
        protect: bool = False,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("platform:database:DatabaseLogins", name, {}, opts)
        for login in logins:
            args = SecretBundleArgs(
                scope=scope,
                secret_name=login.secret_name,
                component=component,
                type="kubernetes.io/basic-auth",
                plain={"username": login.user},
                secret={"password": login.password},
                store=store,
                protect=protect,
            )
            SecretBundle(f"{name}-{login.secret_name}", args, pulumi.ResourceOptions(parent=self))
        self.register_outputs({})
