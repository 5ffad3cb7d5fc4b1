"""QR codes as SVG."""

from io import BytesIO

import segno


def qr(text: str) -> str:
    """`text` as the QR code with the fewest modules that holds it, without the white rim; "" for "".

    Raises segno.DataOverflowError beyond some 2,900 bytes.
    """
    if not text:
        return ""
    made = BytesIO()
    segno.make(text, micro=False, error="l").save(
        made, kind="svg", border=0, xmldecl=False, svgclass=None, lineclass=None, omitsize=True, unit=None
    )
    return made.getvalue().decode()
