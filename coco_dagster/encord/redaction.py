"""Secrets out of texts: queries of signed links, credentials in links, e-mail addresses.

Everything takes time in proportion to the text, whatever it holds: it is found by a sign that
stands in it (``://``, ``?``, ``@``), and no text is searched twice from different starts.
"""

import re
from typing import Final

ADDRESS: Final = "<e-mail>"
"""Stands for an e-mail address."""

_WORD: Final = re.compile(r"[^\s\"'<>`]+")
_LAST_WORD: Final = re.compile(r"[^\s\"'<>`]*")
_SCHEME: Final = "://"
_BARE_QUERY: Final = re.compile(r"\?[A-Za-z0-9_.%~-]+=")
_AT: Final = re.compile("@|%40")
_PART: Final = re.compile(r"[^\s@%\"'`<>()\[\]{}|,:;=&\\/]+")
_NAMED: Final = re.compile(
    r"((?:token|secret|passw(?:or)?d|pwd|signature|credential|(?<![a-z])sig"
    r"|(?:api|access|account|private|secret)[_-]?key(?:[_-]?id)?)s?[\"']?\s?[=:]\s?[\"']?)"
    r"[^\s\"'&,;]+|\b(?:AKIA|ASIA)[A-Z0-9]{16}\b",
    re.IGNORECASE,
)
"""Values that are called secrets, and ids of access keys, which are known by their start."""


def public_link(link: str) -> str:
    """A link without credentials, query and fragment.

    An access key may hold a slash, though it should not: where a colon that starts no port comes
    before the first slash, everything up to the last ``@`` is taken for credentials.
    """
    scheme, mark, rest = link.partition(_SCHEME)
    if not mark:
        return link
    authority, slash, path = rest.partition("/")
    if "@" in authority:
        authority = authority.rpartition("@")[2]
    elif "@" in path and not authority.partition(":")[2].isdecimal() and ":" in authority:
        return scheme + mark + _before_query(path.rpartition("@")[2])
    return scheme + mark + _before_query(authority + slash + path)


def _before_query(text: str) -> str:
    return text.partition("?")[0].partition("#")[0]


def without_queries(text: str) -> str:
    """Text without queries of links and without credentials in links."""
    if "?" not in text and _SCHEME not in text:
        return text
    return _WORD.sub(lambda word: _bare(word[0]), text)


def _bare(word: str) -> str:
    """A word without the queries and credentials of its links, of which each may hold the next."""
    before, mark, rest = word.partition(_SCHEME)
    query = _BARE_QUERY.search(before)
    if query:
        return before[: query.start()]
    pieces = [before]
    for link in rest.split(_SCHEME) if mark else ():
        pieces.append(public_link(_SCHEME + link))
        if "?" in link or "#" in link:
            break
    return "".join(pieces)


def without_secrets(text: str) -> str:
    """Text without e-mail addresses, queries of links, credentials in links and named secrets."""
    text = _NAMED.sub(lambda found: f"{found[1] or ''}…", without_queries(text))
    return without_addresses(text) if "@" in text or "%40" in text else text


def brief(text: str, limit: int) -> str:
    """At most so many characters of a text, without secrets.

    What is left out at the end may have been the half of an address, so that nothing of the word
    stays with which the text breaks off.
    """
    given = text[: 4 * limit]
    shown = without_secrets(given)
    if len(given) < len(text) and len(shown) < limit:
        shown = shown[: len(shown) - len(_LAST_WORD.match(shown[::-1])[0])]  # type: ignore[index]
    return shown if len(shown) <= limit and len(given) == len(text) else f"{shown[: limit - 1]}…"


def without_addresses(text: str) -> str:
    """Text with `ADDRESS` in place of e-mail addresses."""
    pieces: list[str] = []
    done = before = 0
    for sign in _AT.finditer(text):
        start, before = max(done, before), sign.end()
        domain = _PART.match(text, sign.end())
        name = _PART.match(text[start : sign.start()][::-1]) if domain else None
        if domain is not None and name is not None:
            pieces += (text[done : sign.start() - name.end()], ADDRESS)
            done = domain.end()
    return "".join((*pieces, text[done:]))
