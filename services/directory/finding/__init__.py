"""Finding with ranks, facets and suggestions; cities like mine; who offers what I seek.

Who asks sees through the words of their audience alone: neither a rank nor a count nor a correction comes from a word
that they may not see.
"""
