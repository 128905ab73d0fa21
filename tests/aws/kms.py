"""KMS keys and their aliases."""

from __future__ import annotations

from collections.abc import Mapping

from tests.aws.account import Account, Create, Created, Inputs


def _key(account: Account, inputs: Inputs) -> Created:
    kms = account.client("kms")
    tags = [{"TagKey": key, "TagValue": value} for key, value in inputs.get("tags", {}).items()]
    made = kms.create_key(Description=inputs["description"], Tags=tags)["KeyMetadata"]
    if inputs.get("enableKeyRotation"):
        kms.enable_key_rotation(KeyId=made["KeyId"])
    return made["KeyId"], {"arn": made["Arn"], "keyId": made["KeyId"]}


def _alias(account: Account, inputs: Inputs) -> Created:
    account.client("kms").create_alias(AliasName=inputs["name"], TargetKeyId=inputs["targetKeyId"])
    return inputs["name"], {}


CREATE: Mapping[str, Create] = {"aws:kms/alias:Alias": _alias, "aws:kms/key:Key": _key}
