"""QR codes as SVG."""

from io import BytesIO

import segno

MASK = 2
"""One of the eight that a code may have. Trying all for the most even one takes three quarters of the time, and what
signed links hold is even by itself.
"""


def qr(text: str) -> str:
    """`text` as the QR code with the fewest modules that holds it, without the white rim; "" for "".

    Raises segno.DataOverflowError beyond some 2,900 bytes.
    """
    if not text:
        return ""
    made = BytesIO()
    segno.make(text, micro=False, error="l", mask=MASK).save(
        made, kind="svg", border=0, xmldecl=False, svgclass=None, lineclass=None, omitsize=True, unit=None
    )
    return made.getvalue().decode()
