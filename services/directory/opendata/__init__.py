"""What everybody may take along: files of the public part, the vocabulary as SKOS, their description as DCAT-AP.de."""

LICENCE = "https://www.govdata.de/dl-de/by-2-0"
LICENCE_ID = "http://dcat-ap.de/def/licenses/dl-by-de/2.0"
"""As DCAT-AP.de lists it."""
LICENCE_NAME = "Datenlizenz Deutschland – Namensnennung – Version 2.0"
