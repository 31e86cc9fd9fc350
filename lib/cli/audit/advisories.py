"""Asks the Python package index what is known against packages, for python.ts.

Standard input is a JSON list of [name, version]; standard output one JSON object: "asked" and "answered", numbers of packages, "advisories", and
"reason" when the index did not answer all. The index is that of pip's settings; only those with PyPI's JSON interface know advisories.
"""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import requests

TIMEOUT_S = 20
AT_ONCE = 8


def index_url():
    """Returns the address of the index that pip would use, without its last part, `/simple`."""
    found = os.environ.get("PIP_INDEX_URL", "")
    if not found:
        command = [sys.executable, "-m", "pip", "config", "get", "global.index-url"]
        found = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    if not found:
        from pip._internal.models.index import PyPI

        found = PyPI.simple_url
    return found.rstrip("/").removesuffix("/simple")


def ask(session, base, name, version):
    """Returns the advisories of one release. Raises where the index does not answer."""
    answer = session.get(f"{base}/pypi/{name}/{version}/json", timeout=TIMEOUT_S)
    answer.raise_for_status()
    known = answer.json()["vulnerabilities"]
    return [
        {
            "package": name,
            "version": version,
            "id": str(each["id"]),
            "aliases": [str(alias) for alias in each.get("aliases") or []],
            "summary": str(each.get("summary") or each.get("details") or ""),
            "fixedIn": [str(fixed) for fixed in each.get("fixed_in") or []],
            "link": str(each.get("link") or ""),
        }
        for each in known
        if not each.get("withdrawn")
    ]


def reason_of(error):
    if isinstance(error, requests.HTTPError):
        return f"HTTP status {error.response.status_code}"
    if isinstance(error, (KeyError, ValueError)):
        return "an answer without advisories"
    return type(error).__name__


def main():
    packages = json.load(sys.stdin)
    session = requests.Session()
    session.verify = os.environ.get("PIP_CERT") or True
    base = index_url()
    advisories, answered, reason = [], 0, None

    def attempt(package):
        try:
            return ask(session, base, *package)
        except (requests.RequestException, KeyError, ValueError, TypeError) as error:
            return reason_of(error)

    # An index without the interface is asked once, not a hundred times.
    first = attempt(packages[0])
    rest = []
    if not isinstance(first, str):
        with ThreadPoolExecutor(AT_ONCE) as pool:
            rest = list(pool.map(attempt, packages[1:]))
    for result in [first, *rest]:
        if isinstance(result, str):
            reason = result
        else:
            answered += 1
            advisories += result
    json.dump({"asked": len(packages), "answered": answered, "advisories": advisories, "reason": reason}, sys.stdout)


main()
