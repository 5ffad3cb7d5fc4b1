"""Registration for an event: from the invitation over places, waiting list and release to the roll-call of the day.

`rules` (pure) says who gets how many places, `book` gives and takes them, `desk` lets many press the button at once;
`organising` is what organisers do, `telling` writes the mails, `keeping` is what time brings about.
"""
