"""Whether a page and the gate are one site to a browser, which decides about the gate's cookie."""

from __future__ import annotations

from ipaddress import ip_address

#: Labels that two hosts of one site share at the end, at least. Without the list of public suffixes
#: (``co.uk``) this takes some strangers for one site; it is good enough for a warning.
_LABELS = 2


def same_site(page: str, gate: str) -> bool:
    """Whether cookies of ``gate`` are sent from pages of ``page``. Both are hosts, without a port.

    ``localhost`` and ``127.0.0.1`` are two sites: a browser compares names and never looks them up.
    """
    page, gate = _plain(page), _plain(gate)
    if page == gate:
        return True
    if _is_alone(page) or _is_alone(gate):
        return False
    return page.split(".")[-_LABELS:] == gate.split(".")[-_LABELS:]


def _plain(host: str) -> str:
    return host.strip("[]").rstrip(".").lower()


def _is_alone(host: str) -> bool:
    """An address or a bare name shares its site with nobody."""
    try:
        ip_address(host)
    except ValueError:
        return "." not in host
    return True
