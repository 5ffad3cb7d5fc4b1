"""The open space of an event: proposals, merges, wishes, rooms and times, plans, the board, the harvest."""
