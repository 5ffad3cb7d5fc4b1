"""The pages of the day: a person's phone, the screens in the hall, and the organiser's cockpit."""
