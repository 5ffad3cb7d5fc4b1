"""What people can do about their own data, and what the hub does for them without being asked.

`person` finds somebody, `own` changes what they say about their entry, `erasure` makes them gone; `notices` tells
people that they are published, `retention` forgets and reminds in time, `objections` are decided by the city, `record`
and `words` say in public what all of it is.
"""
