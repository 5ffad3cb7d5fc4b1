"""The state as a whole: coverage, places, topics, what grows old, growth, and who looks after whom.

Every answer is one or two statements over `ground.places`, a row for each municipality. Numbers count people and name
none; what the asker may not see is not counted (`ground.seen`), but for places: the state pays them whoever holds one.
"""
