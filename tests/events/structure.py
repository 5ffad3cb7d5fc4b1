"""What ISO 14289-1 (PDF/UA-1) asks of a file's structure, as far as a library that reads PDF objects can see it.

The catalogue says that the file is tagged, in which language and under which title; the tree of tags reaches everything
that is drawn, headings skip no level, figures have words, and nothing is drawn beside the tree but what is marked as
decoration. Whether the words make sense, no program says.
"""

import re
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pikepdf

DRAWS = {"Tj", "TJ", "'", '"', "f", "f*", "F", "B", "B*", "b", "b*", "S", "s", "sh"}
"""Operators that leave something to see."""
UA, A2 = "pdfuaid:part", "pdfaid:part"


def faults(paper: bytes, *, language: str = "de", archived: bool = False) -> list[str]:
    """What is wrong with it, in words; nothing where it is as it should be."""
    with pikepdf.open(BytesIO(paper)) as pdf:
        return [*_catalogue(pdf, language, archived), *_tree(pdf), *_pages(pdf)]


def _catalogue(pdf: pikepdf.Pdf, language: str, archived: bool) -> Iterator[str]:
    root: Any = pdf.Root
    if not ("/MarkInfo" in root and bool(root.MarkInfo.Marked)):
        yield "it is not marked as tagged"
    if not str(root.get("/Lang", "")).startswith(language):
        yield f"its language is {root.get('/Lang')}"
    if not ("/ViewerPreferences" in root and bool(root.ViewerPreferences.DisplayDocTitle)):
        yield "viewers show the file's name in place of its title"
    with pdf.open_metadata() as said:
        if not str(said.get("dc:title", "")).strip():
            yield "it has no title"
        if said.get(UA) != "1":
            yield f"{UA} is {said.get(UA)}"
        if archived and (said.get(A2), said.get("pdfaid:conformance")) != ("2", "A"):
            yield f"{A2} is {said.get(A2)}"
    if "/OutputIntents" not in root and archived:
        yield "an archived file needs an output intent"


def elements(node: Any, depth: int = 0) -> Iterator[Any]:
    """All structure elements below `node`, in reading order."""
    assert depth < 100, "the tree of tags has no end"
    kids = node.get("/K", [])
    for kid in kids if isinstance(kids, pikepdf.Array) else [kids]:
        if isinstance(kid, pikepdf.Dictionary) and "/S" in kid:
            yield kid
            yield from elements(kid, depth + 1)


def _tree(pdf: pikepdf.Pdf) -> Iterator[str]:
    tree = pdf.Root.get("/StructTreeRoot")
    if tree is None:
        yield "it has no tree of tags"
        return
    level = 0
    for one in elements(tree):
        kind = str(one.S)
        if kind == "/Figure" and not str(one.get("/Alt", "")).strip():
            yield "a figure has no words"
        if found := re.fullmatch(r"/H([1-6])", kind):
            if int(found[1]) > level + 1:
                yield f"a heading of level {found[1]} follows one of level {level}"
            level = int(found[1])
        if kind == "/Table" and not {str(row.S) for row in elements(one)} >= {"/TR", "/TH"}:
            yield "a table has no rows with headers"
    if not level:
        yield "it has no heading"


def _pages(pdf: pikepdf.Pdf) -> Iterator[str]:
    known = _tagged(pdf)
    for number, page in enumerate(pdf.pages, 1):
        said: Any = page.obj
        if said.get("/Tabs") not in {None, pikepdf.Name.S}:
            yield f"page {number} is walked through in another order than the tags"
        if "/Font" in page.resources:
            for font in page.resources.Font.values():
                if not _embedded(font):
                    yield f"page {number} has a font that is not in the file"
        marked, loose = _drawn(page)
        if loose:
            yield f"page {number} draws something that is neither tagged nor decoration ({loose[0]})"
        lost = {mark for mark in marked if (said.get("/StructParents"), mark) not in known}
        if lost:
            yield f"page {number} has marks that no tag knows: {sorted(lost)[:5]}"


def _drawn(page: pikepdf.Page) -> tuple[set[int], list[str]]:
    """The numbers of what is marked on a page, and the operators that draw something outside of any mark."""
    marked, loose, within = set(), [], list[bool]()
    step: Any
    for step in pikepdf.parse_content_stream(page, " ".join([*DRAWS, "BDC", "BMC", "EMC"])):
        name = str(step.operator)
        if name in {"BDC", "BMC"}:
            values = step.operands[-1]
            numbered = isinstance(values, pikepdf.Dictionary) and "/MCID" in values
            if numbered:
                marked.add(int(values.MCID))
            within.append(numbered or step.operands[0] == "/Artifact")
        elif name == "EMC":
            within.pop()
        elif not any(within):
            loose.append(name)
    return marked, loose


def _tagged(pdf: pikepdf.Pdf) -> set[tuple[Any, int]]:
    """(page's number in the parent tree, mark) of all that the tree of tags knows."""
    tree = pikepdf.NumberTree(pdf.Root.StructTreeRoot.ParentTree)
    return {
        (number, mark)
        for number, entry in tree.items()
        if isinstance(entry, pikepdf.Array)
        for mark in range(len(entry))
        if isinstance(entry[mark], pikepdf.Dictionary)
    }


def _embedded(font: Any) -> bool:
    below = font.get("/DescendantFonts", [font])[0]
    return bool({"/FontFile", "/FontFile2", "/FontFile3"} & set(below.get("/FontDescriptor", {}).keys()))
