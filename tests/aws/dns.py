"""Route 53 and ACM."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from tests.aws.account import Account, Create, Created, Inputs, RefusedError, tag_list


def _zone(account: Account, inputs: Inputs) -> Created:
    route53 = account.client("route53")
    made = route53.create_hosted_zone(Name=inputs["name"], CallerReference=str(uuid.uuid4()))
    identity = made["HostedZone"]["Id"].rpartition("/")[2]
    route53.change_tags_for_resource(ResourceType="hostedzone", ResourceId=identity, AddTags=tag_list(inputs))
    return identity, {"zoneId": identity, "nameServers": made["DelegationSet"]["NameServers"]}


def _record(account: Account, inputs: Inputs) -> Created:
    values = {
        "Name": inputs["name"],
        "Type": inputs["type"],
        "TTL": inputs["ttl"],
        "ResourceRecords": [{"Value": value} for value in inputs["records"]],
    }
    action = "UPSERT" if inputs.get("allowOverwrite") else "CREATE"
    account.client("route53").change_resource_record_sets(
        HostedZoneId=inputs["zoneId"], ChangeBatch={"Changes": [{"Action": action, "ResourceRecordSet": values}]}
    )
    return f"{inputs['zoneId']}_{inputs['name']}_{inputs['type']}", {"fqdn": inputs["name"].rstrip(".")}


def _certificate(account: Account, inputs: Inputs) -> Created:
    acm = account.client("acm")
    arn = acm.request_certificate(
        DomainName=inputs["domainName"],
        SubjectAlternativeNames=inputs["subjectAlternativeNames"],
        ValidationMethod=inputs["validationMethod"],
        Tags=tag_list(inputs),
    )["CertificateArn"]
    wanted = acm.describe_certificate(CertificateArn=arn)["Certificate"]["DomainValidationOptions"]
    options = [
        {
            "domainName": one["DomainName"],
            "resourceRecordName": one["ResourceRecord"]["Name"],
            "resourceRecordType": one["ResourceRecord"]["Type"],
            "resourceRecordValue": one["ResourceRecord"]["Value"],
        }
        for one in wanted
    ]
    return arn, {"arn": arn, "domainValidationOptions": options}


def _validation(account: Account, inputs: Inputs) -> Created:
    """AWS waits for the record in the zone; whether it is there can be looked up."""
    acm, route53 = account.client("acm"), account.client("route53")
    found = acm.describe_certificate(CertificateArn=inputs["certificateArn"])["Certificate"]
    wanted = found["DomainValidationOptions"][0]["ResourceRecord"]
    records = [
        (record["Name"].rstrip("."), value["Value"].rstrip("."))
        for zone in route53.list_hosted_zones()["HostedZones"]
        for record in route53.list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]
        for value in record["ResourceRecords"]
    ]
    if (wanted["Name"].rstrip("."), wanted["Value"].rstrip(".")) not in records:
        raise RefusedError(f"the record {wanted['Name']} is in no zone: the certificate would stay pending")
    return inputs["certificateArn"], {}


CREATE: Mapping[str, Create] = {
    "aws:acm/certificate:Certificate": _certificate,
    "aws:acm/certificateValidation:CertificateValidation": _validation,
    "aws:route53/record:Record": _record,
    "aws:route53/zone:Zone": _zone,
}
