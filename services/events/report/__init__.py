"""Papers that look back: the minutes of a day, the results of its votes, the annual report of a city or a state.

`reading` counts in SQL, `figures` holds what came of it, `charts` draws, `drawn` and `paper` put it into words. What
has no rows has no section; a year without events says so.
"""
