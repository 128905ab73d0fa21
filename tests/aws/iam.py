"""IAM: roles, policies (moto reads the documents as AWS does), and identity providers."""

from __future__ import annotations

from collections.abc import Mapping

from tests.aws.account import Account, Create, Created, Inputs, tag_list


def _role(account: Account, inputs: Inputs) -> Created:
    made = account.client("iam").create_role(
        RoleName=inputs["name"], AssumeRolePolicyDocument=inputs["assumeRolePolicy"], Tags=tag_list(inputs)
    )["Role"]
    return made["RoleName"], {"arn": made["Arn"]}


def _role_policy(account: Account, inputs: Inputs) -> Created:
    account.client("iam").put_role_policy(
        RoleName=inputs["role"], PolicyName=inputs["name"], PolicyDocument=inputs["policy"]
    )
    return f"{inputs['role']}:{inputs['name']}", {}


def _attachment(account: Account, inputs: Inputs) -> Created:
    account.client("iam").attach_role_policy(RoleName=inputs["role"], PolicyArn=inputs["policyArn"])
    return f"{inputs['role']}-{inputs['policyArn']}", {}


def _identity_provider(account: Account, inputs: Inputs) -> Created:
    made = account.client("iam").create_open_id_connect_provider(
        Url=inputs["url"], ClientIDList=inputs["clientIdLists"], Tags=tag_list(inputs)
    )
    return made["OpenIDConnectProviderArn"], {"arn": made["OpenIDConnectProviderArn"]}


CREATE: Mapping[str, Create] = {
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": _identity_provider,
    "aws:iam/role:Role": _role,
    "aws:iam/rolePolicy:RolePolicy": _role_policy,
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": _attachment,
}
