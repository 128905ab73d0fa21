"""Where a store's backups go: what it asks for, and what it is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from components.kubernetes.identity import credential_flows, role_annotations
from components.kubernetes.network import Flow

# The authority of an S3 endpoint, and the key in that Secret.
AUTHORITY_SECRET, AUTHORITY_KEY = "object-storage-authority", "ca.crt"


@dataclass(frozen=True, kw_only=True)
class CloudBackups:
    """The bucket for backups that was made with the cluster; the databases' service accounts may enter it."""

    bucket: str
    region: str


@dataclass(frozen=True, kw_only=True)
class BackupBucket:
    """A bucket that a store wants for its backups, by its `name` in a storage of the system's own.

    `user` may enter it with the Secret `secret_name`, whose objects are labelled `component`; `component` begins the
    names of both credentials too, and `resource` ends the logical name of the Secret. `labels` are those by which the
    operator of whoever writes watches the Secret, `pods` the label selectors of those that write.
    """

    name: str
    user: str
    secret_name: str
    component: str
    resource: str
    pods: Sequence[Mapping[str, str]]
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def access_key(self) -> str:
        """The name of the credential with the access key, where that is a secret."""
        return f"{self.component}-access-key"

    @property
    def secret_key(self) -> str:
        """The name of the credential with the secret key."""
        return f"{self.component}-secret-key"


@dataclass(frozen=True, kw_only=True)
class BackupTarget:
    """Where backups go: an S3 `bucket`, below `prefix`, at `endpoint` (None is AWS itself), reached by `flow`.

    The instances have either the keys `accessKey` and `secretKey` of the Secret `secret_name`, or an IAM role: the one
    that their service account names (`role_arn`), or the one that EKS associates with it (`pod_identity`). With both a
    name and an association the SDK would take the name, so that it is one or the other.

    Objects are encrypted as the bucket says, or with `kms_key`. `authority` (PEM) signed the certificate of the
    endpoint, and lies in a Secret called `authority_secret`, key `ca.crt`. `elsewhere` says that it is no part of the
    cluster whose backups it keeps.
    """

    bucket: str
    flow: Flow
    endpoint: str | None = None
    secret_name: str | None = None
    role_arn: str | None = None
    pod_identity: bool = False
    prefix: str = ""
    region: str = "us-east-1"
    kms_key: str | None = None
    authority: str | None = None
    elsewhere: bool = True

    def __post_init__(self) -> None:
        if (self.secret_name is not None) + (self.role_arn is not None) + self.pod_identity != 1:
            raise ValueError(
                "backups need a Secret with an access key, or an IAM role of one kind: exactly one of them"
            )

    @property
    def authority_secret(self) -> str | None:
        """The name of the Secret with the certificates of the endpoint's authority."""
        return AUTHORITY_SECRET if self.authority else None

    @property
    def flows(self) -> tuple[Flow, ...]:
        """How it is reached, and how the credentials of its role are come by."""
        annotations = role_annotations(self.role_arn)
        return (self.flow, *credential_flows(annotations, pod_identity=self.pod_identity))

    @property
    def by_role(self) -> bool:
        """Whether an IAM role opens the bucket, and no key."""
        return self.secret_name is None
