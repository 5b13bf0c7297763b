"""Escaping of characters that control a terminal, reverse text or are invisible."""

import re

# Control, format and surrogate characters, line and paragraph separators (Unicode's Cc, Cf, Cs, Zl, Zp), and
# other invisible ones (Default_Ignorable_Code_Point). Only tabs and line feeds pass.
# Logs, labels, commit subjects and file names are untrusted and can hold any of these.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160"
    "\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ud800-\udfff\ufe00-\ufe0f\ufeff"
    "\uffa0\ufff0-\ufffb\ufffe\uffff\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)


def escaped(text: str) -> str:
    """Return `text` with unsafe characters as \\x1b or \\u202e; tabs and line feeds stay."""
    return _UNSAFE.sub(lambda found: _number(found[0]), text)


def line(text: str) -> str:
    """Return `text` as one escaped line, tabs and line feeds included."""
    return escaped(text).replace("\n", "\\n").replace("\t", "\\t")


def escaped_json(text: str) -> str:
    """Return equivalent JSON text, with JSON escapes for characters that must not reach a terminal."""
    return _UNSAFE.sub(lambda found: _json_number(found[0]), text)


def _number(sign: str) -> str:
    code = ord(sign)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _json_number(sign: str) -> str:
    """Escape one character; above 16 bits JSON needs a surrogate pair."""
    units = sign.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
