"""Where a store keeps what is old: on its own volume, or in a bucket of an S3 service."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from components.application import SecretKey
from components.network import INTERNET_HTTPS, Flow
from components.object_storage.access import role_annotations

# The names by which every AWS SDK looks for an access key: none stands in a configuration file.
ACCESS_KEY, SECRET_KEY = "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"


@dataclass(frozen=True, kw_only=True)
class Bucket:
    """A bucket that exists. Without a `role_arn` the key pair is in the Secret `secret`, under the SDK's own names.

    `endpoint` is the URL of an S3 service other than AWS.
    """

    name: str
    region: str
    endpoint: str | None = None
    role_arn: str | None = None
    secret: str | None = None

    @property
    def host(self) -> str:
        """Its service's host, with the port if it is not 443."""
        url = self.endpoint or f"https://s3.{self.region}.amazonaws.com"
        return urlsplit(url).netloc

    @property
    def flow(self) -> Flow:
        """How it is reached."""
        port = urlsplit(f"//{self.host}").port or 443
        return Flow(peer=INTERNET_HTTPS.peer, ports=(port,))

    @property
    def secrets(self) -> dict[str, SecretKey]:
        """The environment that has the key pair."""
        names = (ACCESS_KEY, SECRET_KEY) if self.secret else ()
        return {name: SecretKey(secret=self.secret or "", key=name) for name in names}

    @property
    def annotations(self) -> dict[str, str]:
        """The service account's tie to the role."""
        return role_annotations(self.role_arn)
