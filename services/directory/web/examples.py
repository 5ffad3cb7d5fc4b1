"""Queries to begin with, for the page for developers; a test asks them."""

from services.kit.i18n import gettext as _
from services.kit.service import Example


def examples() -> list[Example]:
    return [
        Example(
            _("Who knows about a topic?"),
            _("Navigators by topic, narrower topics too. Who names the topic by a code finds it under “topics”."),
            """{
  navigators(topic: "e-government", first: 10) {
    nodes { id department city { name } offers { label } }
    pageInfo { hasNextPage endCursor }
  }
}""",
        ),
        Example(
            _("Search over everything"),
            _("Navigators, projects, cities and topics, the best first; in German words, also mistyped ones."),
            """{
  search(text: "Terminvergabe", first: 10) {
    edges { match node { __typename
      ... on Project { title city { name } }
      ... on City { name }
      ... on Topic { label } } }
  }
}""",
        ),
        Example(
            _("What does a city share?"),
            _("A city with its projects. The key is the AGS, eight digits."),
            """{
  cities(first: 5) {
    nodes { ags name projects(first: 5) { nodes { title stage topics { label } } } }
  }
}""",
        ),
    ]
