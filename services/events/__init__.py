"""Learning trips, speed-dating days, open spaces: from the agenda to the papers on the tables."""
