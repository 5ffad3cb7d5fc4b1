"""How somebody becomes a navigator of a city: asked, nominated, or by their own application.

Nobody becomes one without having said yes by the link in their own mail, and none applies with an address that is not
theirs: an application counts, and the city hears of it, once it was confirmed by such a link. A link answers once.

Sessions here act for the hub: people come with a link, coordinators' mails are told to no city. Whose a row is, is
asked of the row.
"""
