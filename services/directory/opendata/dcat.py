"""The catalogue of the open data as DCAT-AP.de, for GovData and other portals to harvest. Pure.

Portals ask for a `dcatde:contributorID` that they themselves give out; it belongs to their side of the harvest.
"""

from datetime import datetime
from typing import Any, Final

from services.directory.opendata import LICENCE, LICENCE_ID
from services.directory.opendata.datasets import DATASETS, title
from services.kit import i18n

EU: Final = "http://publications.europa.eu/resource/authority"
CONTEXT: Final[dict[str, Any]] = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dcatde": "http://dcat-ap.de/def/dcatde/",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "id": "@id",
    "type": "@type",
    "title": {"@id": "dct:title", "@container": "@language"},
    "description": {"@id": "dct:description", "@container": "@language"},
    "name": "foaf:name",
    "identifier": "dct:identifier",
    "attribution": "dcatde:licenseAttributionByText",
    "modified": {"@id": "dct:modified", "@type": "xsd:dateTime"},
    **{
        name: {"@id": f"dct:{name}", "@type": "@id"}
        for name in ("license", "language", "accrualPeriodicity", "format", "publisher")
    },
    **{
        name: {"@id": f"dcat:{name}", "@type": "@id"}
        for name in ("theme", "dataset", "distribution", "accessURL", "downloadURL", "mediaType", "landingPage")
    },
    "geocodingLevel": {"@id": "dcatde:politicalGeocodingLevelURI", "@type": "@id"},
    "homepage": {"@id": "foaf:homepage", "@type": "@id"},
}
FORMATS: Final = {
    "jsonl": (f"{EU}/file-type/JSON", "https://www.iana.org/assignments/media-types/application/jsonl"),
    "csv": (f"{EU}/file-type/CSV", "https://www.iana.org/assignments/media-types/text/csv"),
    "jsonld": (f"{EU}/file-type/JSON_LD", "https://www.iana.org/assignments/media-types/application/ld+json"),
}


def catalogue(hub: str, modified: datetime) -> dict[str, Any]:
    """The sets of open data and the vocabulary; `modified` is when anything was last published."""
    home = f"{hub}/open-data"
    publisher = {"id": f"{hub}/#publisher", "type": "foaf:Organization", "name": "Lotsennetz", "homepage": hub}
    sets = [
        _dataset(hub, name, _both(name), [(form, f"{home}/{name}.{form}") for form in ("jsonl", "csv")], modified)
        for name in DATASETS
    ]
    topics = {"de": "Themen der Digitallotsen (SKOS)", "en": "Topics of the digital navigators (SKOS)"}
    sets.append(_dataset(hub, "topics", topics, [("jsonld", f"{hub}/topics.jsonld")], modified))
    return {
        "@context": CONTEXT,
        "id": f"{home}/catalog.jsonld",
        "type": "dcat:Catalog",
        "title": {"de": "Offene Daten des Lotsennetzes", "en": "Open data of Lotsennetz"},
        "description": {
            "de": "Was Städte und Gemeinden über ihre Digitallotsen und Projekte öffentlich zeigen.",
            "en": "What municipalities show to everybody of their digital navigators and projects.",
        },
        "publisher": publisher,
        "homepage": home,
        "license": LICENCE_ID,
        "language": f"{EU}/language/DEU",
        "modified": modified.isoformat(),
        "dataset": sets,
    }


def _both(name: str) -> dict[str, str]:
    titles = {}
    for language in i18n.LANGUAGES:
        with i18n.speaking(language):
            titles[language] = title(name)
    return titles


def _dataset(
    hub: str, name: str, titles: dict[str, str], files: list[tuple[str, str]], modified: datetime
) -> dict[str, Any]:
    return {
        "id": f"{hub}/open-data#{name}",
        "type": "dcat:Dataset",
        "identifier": f"{hub}/open-data#{name}",
        "title": titles,
        "description": titles,
        "publisher": {"id": f"{hub}/#publisher"},
        "landingPage": f"{hub}/open-data",
        "theme": f"{EU}/data-theme/GOVE",
        "geocodingLevel": "http://dcat-ap.de/def/politicalGeocoding/Level/municipality",
        "accrualPeriodicity": f"{EU}/frequency/CONT",
        "language": f"{EU}/language/DEU",
        "modified": modified.isoformat(),
        "distribution": [
            {
                "id": f"{hub}/open-data#{name}-{form}",
                "type": "dcat:Distribution",
                "title": titles,
                "accessURL": url,
                "downloadURL": url,
                "format": FORMATS[form][0],
                "mediaType": FORMATS[form][1],
                "license": LICENCE_ID,
                "attribution": f"Lotsennetz, {hub} ({LICENCE})",
            }
            for form, url in files
        ],
    }
