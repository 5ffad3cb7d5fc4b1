"""Stems of German words, and the words that a compound is made of."""

from functools import lru_cache
from pathlib import Path

import msgspec
import snowballstemmer

from services.kit.text import folded

SEED = Path(__file__).parents[1] / "topics.json"
BASES = """
abfall abgabe abteilung abwasser akte amt anlage anmeldung antrag arbeit archiv aufgabe ausbildung auskunft ausschuss
ausstellung auto bad bahn bau bauen baum beamte bearbeitung beauftragte bedarf behörde beitrag beratung bereich
bericht bescheid beschluss beteiligung betreuung betrieb bezirk bibliothek bild bildung boden brand brücke buch
buchhaltung büro bürger bürgermeister cloud daten datenbank denkmal dezernat dienst digital digitalisierung dokument
drucker ehre einkauf eltern energie entsorgung entwicklung erfassung familie feuer feuerwehr finanz fläche förderung
formular forst fortbildung frau frieden führung garten gebäude gebühr geld gemeinde genehmigung gericht gesellschaft
gesetz gestaltung gesundheit gewerbe gleichstellung grund grün halle handel haupt haus haushalt heim hilfe hoch hof
information integration internet jugend kanal kanzlei karte kartei kasse kataster kauf kinder kindergarten klima
koffer konto kontrolle koordination kosten kraft kranken kreis kultur kunde kunst land lager leben lehrer leistung
leiter leitstelle leitung liegenschaft liste lotse management markt medien meldung methode miete mitarbeiter mobil
museum musik nachweis netz nutzung ordnung organisation ort park partner pass personal pflege plan planung platz
platte politik polizei portal post presse projekt prozess prüfung qualität quartier rat rathaus raum recht rechnung
referat register reinigung reise rettung sache sachgebiet sammlung schnittstelle schreiben schrift schule schutz
senioren service sicherheit siedlung software soziales spiel sport sprache stadt stadtwerke stand standesamt statistik
stelle stellplatz stiftung steuer steuerung straße straßen strategie strom studie system tag technik telefon termin
theater tief tiefbau tier tourismus träger umwelt unterhaltung unterhalt unternehmen urkunde verein verfahren vergabe
verkehr vermessung vermittlung versammlung versicherung versorgung vertrag verwaltung volk vorgang vorstand waffe
wagen wahl wald wasser weg werk wesen wirtschaft wissen wohnen wohngeld wohnung zentrale zentrum zeugnis ziel zoll
zugang zukunft zwilling
"""
"""Nouns that German administration builds its words from, beside those of the vocabulary."""
LINKS = ("", "s", "n", "en", "es", "er", "e")
"""What stands between the parts of a compound."""
SHORTEST, LONGEST = 4, 60
"""Letters of a vocabulary's word that may be a part; and of a compound that is looked at."""
MOST_PARTS = 5

_german = snowballstemmer.stemmer("german")


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """The stem of a folded word: „akten“ and „akte“ are `akt`."""
    return str(_german.stemWord(word)) or word


@lru_cache(maxsize=1)
def _known() -> dict[str, str]:
    """Parts as they begin or stand in a compound → their stems."""
    labels = [text for row in msgspec.json.decode(SEED.read_bytes()) for text in (row["de"], *row.get("synonyms", ()))]
    apart = (word for text in labels for word in folded(text).replace("-", " ").split())
    words = {folded(word) for word in BASES.split()} | {w for w in apart if w.isalpha() and len(w) >= SHORTEST}
    roots = {word[:-1]: stem(word) for word in words if word.endswith("e") and len(word) > SHORTEST}  # Schul(e)träger
    return roots | {word: stem(word) for word in words}


@lru_cache(maxsize=50_000)
def parts(word: str) -> tuple[str, ...]:
    """The stems of all words that a folded compound is made of; empty if it is none, or one of unknown parts."""
    if len(word) > LONGEST or not word.isalpha():
        return ()
    found = _split(word, 0, ())
    return found if len(found) > 1 else ()


def _split(word: str, start: int, before: tuple[str, ...]) -> tuple[str, ...]:
    """Short parts first, so that „hochbau“ is two; bounded by MOST_PARTS."""
    if start == len(word):
        return before
    if len(before) == MOST_PARTS:
        return ()
    known = _known()
    for end in range(start + 3, len(word) + 1):
        part = known.get(word[start:end])
        if part is None or (start, end) == (0, len(word)):
            continue
        for link in LINKS if end < len(word) else ("",):
            if word.startswith(link, end) and (found := _split(word, end + len(link), (*before, part))):
                return found
    return ()


@lru_cache(maxsize=50_000)
def inside(word: str) -> tuple[str, ...]:
    """The stems of what stands within a compound, also of one whose beginning is unknown: `archiv` of „kreisarchiv“."""
    if (found := parts(word)) or len(word) > LONGEST:
        return found
    ends = (word[start:] for start in range(3, len(word) - 2))
    return next(((_known()[end], *parts(end)) for end in ends if end in _known()), ())
