"""The processor agreement (Art. 28 GDPR) that a city accepts when it registers; its text is `agreement.html`."""

from typing import Final

VERSION: Final = "2026-11"
"""Of the text in force; a new text gets a new version, and cities accept it with their next registration or change."""
