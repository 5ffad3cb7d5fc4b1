"""The running day: who commands the clock, who is told, where everybody sits next, and what they note there."""
