"""What an operator decides about the graph: how much by whom, who may know the schema, which queries are trusted."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from graphql import get_introspection_query

from services.kit import settings
from services.kit.allowed import DEFAULT
from services.kit.documents import Documents, load, sha256
from services.kit.errors import Refused
from services.kit.settings import Settings
from tests.kit.small_graph import RAN, ask, codes, served

TWINS = "query ($n: Int!) { cities(first: $n) { name } }"


def environment(**variables: str) -> Settings:
    return settings.from_environment({f"LOTSENNETZ_{name}": value for name, value in variables.items()})


# Limits ----------------------------------------------------------------------------------------------------------


async def test_who_asks_decides_how_much() -> None:
    found = environment(
        LIMITS_ANONYMOUS="cost=100, aliases=2", LIMITS_KNOWN="cost=1000, aliases=3",
        LIMITS_TRUSTED="cost=5000, aliases=20", TRUSTED_CLIENTS="program, another",
    )  # fmt: skip
    dear = {"": 100, "city": 1_000, "person": 1_000, "program": 5_000}
    aliases = {"": 2, "city": 3, "person": 3, "program": 20}
    async with served(found) as http:
        for who in (*dear, *reversed(dear)):  # whoever asks first teaches nobody else
            told = {n: await ask(http, TWINS, who, n=n) for n in (50, 500, 4_000)}
            assert {n: "data" in body for n, body in told.items()} == {n: n + 27 < dear[who] for n in told}
            assert {body["extensions"]["cost"]["most"] for body in told.values()} == {dear[who]}
            for count in (2, 3, 20, 21):
                body = await ask(http, "{ " + " ".join(f"a{i}: __typename" for i in range(count)) + " }", who)
                assert ("data" in body) is (count <= aliases[who]), (who, count)


async def test_the_cost_stands_beside_every_answer() -> None:
    async with served() as http:
        for n in (3, 7, 3):
            assert (await ask(http, TWINS, n=n))["extensions"] == {"cost": {"asked": 1 + 25 + n, "most": 20_000}}
        assert (await ask(http, "mutation { change }"))["extensions"] == {"cost": {"asked": 1, "most": 20_000}}
        assert (await ask(http, TWINS, n=None))["extensions"]["cost"]["asked"] == 1 + 25 + 50
        assert "extensions" not in await ask(http, "{ nothing }")


@pytest.mark.parametrize(
    "text", ["cost", "cost=", "cost=x", "cost=0", "cost=-1", "cost=1e9", "cost=9" * 20, "fields=1"]
)
def test_limits_that_are_none_keep_the_hub_from_starting(text: str) -> None:
    with pytest.raises(Refused, match="LOTSENNETZ_LIMITS_KNOWN"):
        environment(LIMITS_KNOWN=text)


def test_what_is_not_named_stays() -> None:
    found = environment(LIMITS_ANONYMOUS="depth=7,,seconds=1")
    assert found.limits == replace(DEFAULT, anonymous=replace(DEFAULT.anonymous, depth=7, seconds=1))


# Introspection -----------------------------------------------------------------------------------------------------

IN_A_FRAGMENT = '{ ...F } fragment F on Query { a: __type(name: "City") { name } }'
MISTAKES: dict[str, tuple[str, dict[str, Any]]] = {
    "a field": ("{ citys { name } }", {}),
    "an argument": ("{ cities(frst: 1) { name } }", {}),
    "a type": ("{ ... on Qury { hello } }", {}),
    "an input": ('{ city(wish: { color: "x" }) { name } }', {}),
    "an input in a variable": ("query ($w: Wish) { city(wish: $w) { name } }", {"w": {"color": "x"}}),
}


@pytest.mark.parametrize("policy", ["everybody", "types", "known", "nobody"])
async def test_the_schema_is_told_to_whom_it_may(policy: str) -> None:
    told = {"everybody": {"", "city"}, "types": {"city"}, "known": {"city"}, "nobody": set[str]()}[policy]
    named = {"", "city"} if policy == "types" else told
    async with served(environment(INTROSPECTION=policy)) as http:
        for who in ("", "city", "", "city"):
            for query, those in ((get_introspection_query(), told), (IN_A_FRAGMENT, named)):
                body = await ask(http, query, who)
                assert ("data" in body) is (who in those)
                assert codes(body) == ([] if who in those else ["FORBIDDEN"])
            for query, variables in MISTAKES.values():
                body = await ask(http, query, who, **variables)
                assert codes(body) == ["BAD_QUERY"]
                assert ("Did you mean" in str(body)) is (who in told), body
            assert (await ask(http, "{ hello __typename }", who))["data"]["__typename"] == "Query"


# Trusted documents -------------------------------------------------------------------------------------------------

HELLO = "query Hello { hello }"
CHANGE = "mutation { change }"


def persisted(query: str) -> dict[str, Any]:
    return {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": sha256(query)}}}


@pytest.mark.parametrize("named", [{"documentId": sha256(HELLO)}, {"documentId": f"sha256:{sha256(HELLO)}"},
                                   persisted(HELLO), {"query": HELLO, **persisted(HELLO)}])  # fmt: skip
@pytest.mark.parametrize("policy", ["allowed", "only"])
async def test_a_trusted_document_is_named_by_its_hash(policy: Any, named: dict[str, Any]) -> None:
    async with served(Settings(documents=Documents(policy, {sha256(HELLO): HELLO}))) as http:
        read = {name: json.dumps(value) if name == "extensions" else value for name, value in named.items()}
        for answer in (
            await http.post("/graphql", json=named),
            await http.get("/graphql", params=read, headers={"accept": "application/json"}),
        ):
            assert (answer.status_code, answer.json()["data"]) == (200, {"hello": "the executor"})


async def test_a_hash_that_nobody_laid_down_is_not_found_and_not_learnt() -> None:
    async with served(Settings(documents=Documents("allowed", {sha256(HELLO): HELLO}))) as http:
        for _turn in range(2):
            body = (await http.post("/graphql", json=persisted(CHANGE))).json()
            assert (body["errors"][0]["message"], codes(body)) == (
                "PersistedQueryNotFound",
                ["PERSISTED_QUERY_NOT_FOUND"],
            )
            assert RAN == []
            both = (await http.post("/graphql", json={"query": CHANGE, **persisted(CHANGE)})).json()
            assert both["data"] == {"change": "the executor"}
            RAN.clear()
        wrong = (await http.post("/graphql", json={"query": CHANGE, **persisted(HELLO)})).json()
        assert (codes(wrong), RAN) == (["REFUSED"], [])
        unreadable: list[Any] = [1, {"sha256Hash": 1}, {}, []]
        for broken in unreadable:
            body = (await http.post("/graphql", json={"extensions": {"persistedQuery": broken}})).json()
            assert codes(body) == ["REFUSED"]


async def test_without_documents_there_are_none() -> None:
    async with served() as http:
        body = (await http.post("/graphql", json=persisted(HELLO))).json()
        assert codes(body) == ["PERSISTED_QUERY_NOT_SUPPORTED"]


async def test_only_trusted_documents_for_nobody_in_particular() -> None:
    async with served(Settings(documents=Documents("only", {sha256(HELLO): HELLO}))) as http:
        assert codes(await ask(http, "{ hello }")) == ["REFUSED"]
        assert RAN == []
        assert (await ask(http, HELLO))["data"] == (await ask(http, "{ hello }", "city"))["data"]
        missing = await http.post("/graphql", json={"variables": {}})
        assert missing.status_code == 400


def test_documents_are_read_from_a_folder_or_a_file(tmp_path: Path) -> None:
    (tmp_path / "a.graphql").write_text(HELLO)
    (tmp_path / "b.gql").write_text(CHANGE)
    (tmp_path / "c.txt").write_text("no document")
    expected = Documents("only", {sha256(text): text for text in (HELLO, CHANGE)})
    assert environment(DOCUMENTS_POLICY="only", DOCUMENTS=str(tmp_path)).documents == expected
    manifest = {"format": "apollo-persisted-query-manifest", "version": 1, "operations": [
        {"id": sha256(text), "body": text, "name": "x", "type": "query"} for text in (HELLO, CHANGE)]}  # fmt: skip
    for said in ([HELLO, CHANGE], {sha256(text): text for text in (HELLO, CHANGE)}, manifest):
        path = tmp_path / "documents.json"
        path.write_text(json.dumps(said))
        assert load("only", str(path)) == expected
    assert load("off", "") == Documents()


@pytest.mark.parametrize(
    "said", ["", "{", "1", '{"a": "b"}', "[1]", '{"operations": [1]}', '{"operations": {}, "a": 1}']
)
def test_documents_that_cannot_be_read_keep_the_hub_from_starting(tmp_path: Path, said: str) -> None:
    path = tmp_path / "documents.json"
    path.write_text(said)
    with pytest.raises(Refused, match="LOTSENNETZ_DOCUMENTS"):
        load("allowed", str(path))
    for place in ("", str(tmp_path / "nowhere")):
        with pytest.raises(Refused, match="LOTSENNETZ_DOCUMENTS"):
            load("only", place)
