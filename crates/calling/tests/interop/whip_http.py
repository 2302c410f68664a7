"""What every WHIP and WHEP client needs of HTTP (RFC 9725)."""

import urllib.error
import urllib.parse
import urllib.request


class Session:
    """A session at a server, made by an offer."""

    def __init__(self, url, token, offer):
        self.token = token
        headers = {"Content-Type": "application/sdp"}
        with self._ask("POST", url, headers, offer.encode()) as answer:
            self.answer = answer.read().decode()
            self.url = urllib.parse.urljoin(url, answer.headers["Location"])

    def delete(self):
        """Ends it; an end that the server knows already is none."""
        try:
            self._ask("DELETE", self.url, {}, None).close()
        except urllib.error.HTTPError as error:
            if error.code != 404:
                raise

    def _ask(self, method, url, headers, body):
        headers = headers | {"Authorization": f"Bearer {self.token}"}
        request = urllib.request.Request(url, body, headers, method=method)
        try:
            return urllib.request.urlopen(request, timeout=30)
        except urllib.error.HTTPError as error:
            error.msg = error.read().decode()
            raise
