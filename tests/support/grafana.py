"""A Grafana that is at hand: its address, with name and password in it, is in ``GRAFANA_URL``."""

import base64
import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from http.client import HTTPConnection, HTTPSConnection
from typing import Any, Final
from urllib.parse import unquote, urlsplit

_PATIENCE_S: Final = 10.0
_UID: Final = "signald-test"


class Grafana:
    """What a test asks of its API."""

    def __init__(self, url: str) -> None:
        """Speak to the one at ``url``."""
        place = urlsplit(url)
        self._host = place.netloc.rpartition("@")[2]
        self._base = place.path.rstrip("/")
        self._connect = HTTPSConnection if place.scheme == "https" else HTTPConnection
        name, password = (unquote(one or "admin") for one in (place.username, place.password))
        who = base64.b64encode(f"{name}:{password}".encode()).decode()
        self._headers = {"content-type": "application/json", "authorization": f"Basic {who}"}

    def source(self, prometheus_url: str) -> str:
        """Make a data source of a Prometheus, in the place of one that a test left behind; its uid."""
        self._ask("DELETE", f"/api/datasources/uid/{_UID}", may_fail=True)
        source = {"name": _UID, "uid": _UID, "type": "prometheus", "access": "proxy", "url": prometheus_url}
        self._ask("POST", "/api/datasources", source)
        return _UID

    def load(self, dashboard: Mapping[str, Any]) -> None:
        """Keep a dashboard."""
        self._ask("POST", "/api/dashboards/db", {"dashboard": dashboard, "overwrite": True})

    def query(self, source: str, targets: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """What a panel would be told of the last five minutes, by the names of its queries."""
        asked = [
            {**target, "datasource": {"uid": source}, "intervalMs": 1_000, "maxDataPoints": 300} for target in targets
        ]
        answer = self._ask("POST", "/api/ds/query", {"queries": asked, "from": "now-5m", "to": "now"})
        return answer["results"]

    def _ask(self, method: str, path: str, body: object = None, *, may_fail: bool = False) -> Any:  # noqa: ANN401 - JSON
        connection = self._connect(self._host, timeout=_PATIENCE_S)
        try:
            connection.request(method, self._base + path, json.dumps(body), self._headers)
            answer = connection.getresponse()
            told = answer.read()
        finally:
            connection.close()
        assert may_fail or answer.status == HTTPStatus.OK, (path, answer.status, told)
        return json.loads(told or b"null")
