"""The vocabulary as SKOS, in JSON-LD with its context inside, so that nobody has to fetch one. Pure."""

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

from services.directory.models import Topic
from services.directory.opendata import LICENCE
from services.directory.topics import OZG
from services.kit.text import folded

CONTEXT: Final[dict[str, Any]] = {
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "dct": "http://purl.org/dc/terms/",
    "owl": "http://www.w3.org/2002/07/owl#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "id": "@id",
    "type": "@type",
    "prefLabel": {"@id": "skos:prefLabel", "@container": "@language"},
    "altLabel": {"@id": "skos:altLabel", "@container": "@language"},
    "title": {"@id": "dct:title", "@container": "@language"},
    "notation": "skos:notation",
    "modified": {"@id": "dct:modified", "@type": "xsd:dateTime"},
    "deprecated": {"@id": "owl:deprecated", "@type": "xsd:boolean"},
    **{
        name: {"@id": f"skos:{name}", "@type": "@id"}
        for name in ("inScheme", "topConceptOf", "hasTopConcept", "broader", "narrower", "exactMatch", "broadMatch")
    },
    **{name: {"@id": f"dct:{name}", "@type": "@id"} for name in ("license", "isReplacedBy")},
}


def scheme_of(hub: str) -> str:
    return f"{hub}/topics"


def address(hub: str, code: str) -> str:
    """A topic's address for ever; merged ones keep theirs."""
    return f"{hub}/topics/{code}"


def ozg_address(hub: str, name: str) -> str:
    """The catalogue behind the OZG gives its fields no addresses: they have some within our document."""
    return f"{hub}/topics.jsonld#ozg-{re.sub('[^a-z]+', '-', folded(name)).strip('-')}"


def concept(hub: str, topic: Topic, narrower: Iterable[str]) -> dict[str, Any]:
    """`narrower` are the codes right below it."""
    names = {folded(word) for word in (topic.de, *topic.synonyms)}
    found: dict[str, Any] = {
        "id": address(hub, topic.code),
        "type": "skos:Concept",
        "inScheme": scheme_of(hub),
        "notation": topic.code,
        "prefLabel": {"de": topic.de, "en": topic.en},
        "modified": topic.changed_at.isoformat(),
    }
    if topic.synonyms:
        found["altLabel"] = {"de": list(topic.synonyms)}
    if topic.merged_into:
        return found | {"deprecated": True, "isReplacedBy": address(hub, topic.merged_into)}
    if topic.parent:
        found["broader"] = address(hub, topic.parent)
    else:
        found["topConceptOf"] = scheme_of(hub)
    if below := [address(hub, code) for code in narrower]:
        found["narrower"] = below
    for field in topic.ozg:
        same = "exactMatch" if folded(field) in names else "broadMatch"
        found.setdefault(same, []).append(ozg_address(hub, field))
    return found


def document(hub: str, topics: Sequence[Topic]) -> dict[str, Any]:
    """The whole scheme, with merged topics, and the OZG's fields as a scheme of their own."""
    below: dict[str, list[str]] = {}
    for topic in topics:
        if topic.parent and not topic.merged_into:
            below.setdefault(topic.parent, []).append(topic.code)
    ozg = f"{hub}/topics.jsonld#ozg"
    return {
        "@context": CONTEXT,
        "@graph": [
            {
                "id": scheme_of(hub),
                "type": "skos:ConceptScheme",
                "title": {"de": "Themen der Digitallotsen", "en": "Topics of the digital navigators"},
                "license": LICENCE,
                "hasTopConcept": [
                    address(hub, topic.code) for topic in topics if not topic.parent and not topic.merged_into
                ],
            },
            {"id": ozg, "type": "skos:ConceptScheme", "title": {"de": "Themenfelder des Onlinezugangsgesetzes"}},
            *(
                {"id": ozg_address(hub, name), "type": "skos:Concept", "inScheme": ozg, "prefLabel": {"de": name}}
                for name in OZG
            ),
            *(concept(hub, topic, below.get(topic.code, ())) for topic in topics),
        ],
    }


def one(hub: str, topic: Topic, narrower: Iterable[str]) -> dict[str, Any]:
    """A topic by itself."""
    return {"@context": CONTEXT, **concept(hub, topic, narrower)}
