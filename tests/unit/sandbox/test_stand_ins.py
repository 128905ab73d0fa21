"""Definitions of custom resources made from the project's table."""

from __future__ import annotations

from typing import Any, NamedTuple

from sandbox.custom_resources import DIGEST_LABEL, Installed, outdated, project_table, stand_ins


class Row(NamedTuple):
    group: str = "example.test"
    version: str = "v1"
    kind: str = "Widget"
    plural: str = "widgets"
    scope: str = "Namespaced"


def installed(manifest: dict[str, Any], digest: str) -> Installed:
    names = manifest["spec"]["names"]
    return Installed(
        manifest["metadata"]["name"], manifest["spec"]["group"], names["kind"], names["plural"], ("v1",), digest=digest
    )


def test_a_stand_in_accepts_any_field_and_has_a_status_of_its_own() -> None:
    [definition] = stand_ins([Row()])
    [version] = definition["spec"]["versions"]
    schema = version["schema"]["openAPIV3Schema"]
    assert schema == {"type": "object", "x-kubernetes-preserve-unknown-fields": True}, schema
    assert version["subresources"] == {"status": {}}, "a status written with the object itself would be kept"
    assert definition["metadata"]["name"] == "widgets.example.test", "the API server demands PLURAL.GROUP"


def test_two_versions_of_a_kind_become_one_definition_with_one_stored_version() -> None:
    [definition] = stand_ins([Row(version="v1"), Row(version="v1beta1")])
    stored = {version["name"]: version["storage"] for version in definition["spec"]["versions"]}
    assert stored == {"v1": True, "v1beta1": False}, "exactly one stored version is allowed"


def test_the_scope_comes_from_the_table() -> None:
    scopes = {each["spec"]["scope"] for each in stand_ins([Row(scope="Cluster")])}
    assert scopes == {"Cluster"}


def test_every_row_of_the_project_table_gets_a_definition_with_a_unique_name() -> None:
    table = project_table()
    names = [definition["metadata"]["name"] for definition in stand_ins(table)]
    assert set(names) == {f"{row.plural}.{row.group}" for row in table}
    assert len(names) == len(set(names)), f"applied twice: {sorted(names)}"


def test_only_missing_and_changed_stand_ins_are_applied() -> None:
    same, changed, missing = stand_ins([Row(plural="as"), Row(plural="bs"), Row(plural="cs")])
    present = [installed(same, same["metadata"]["labels"][DIGEST_LABEL]), installed(changed, "an-older-digest")]
    names = [each["metadata"]["name"] for each in outdated([same, changed, missing], present)]
    assert names == ["bs.example.test", "cs.example.test"], names


def test_a_real_definition_is_never_replaced_by_a_stand_in() -> None:
    [definition] = stand_ins([Row()])
    assert outdated([definition], [installed(definition, digest="")]) == []
