"""KMS keys."""

from __future__ import annotations

import pulumi
from pulumi_aws.kms import Alias, Key

from components.aws.scope import AwsScope

# Days in which a deletion can be called off: AWS's longest. Whatever a lost key encrypted is lost.
DELETION_WINDOW = 30


def key(scope: AwsScope, name: str, purpose: str, opts: pulumi.ResourceOptions) -> Key:
    """A symmetric key that rotates every year, under the alias `alias/NAME`; who may use it is said in IAM."""
    made = Key(
        name,
        description=purpose,
        enable_key_rotation=True,
        deletion_window_in_days=DELETION_WINDOW,
        tags=scope.tags(name),
        opts=opts,
    )
    Alias(name, name=f"alias/{name}", target_key_id=made.key_id, opts=opts)
    return made
