"""Asks an Orthanc on this host for its pages; runs inside a lab host, needs only Python.

python3 - PORT ADDRESS        prints one JSON object of statuses, 0 where nobody answers
"""

import base64
import http.client
import json
import sys

_SCRIPT = "print(1)"


def _ask(address: str, path: str, user: str = "", body: str = "", method: str = "") -> int:
    """Return the status of one request; `user` is name:password."""
    connection = http.client.HTTPConnection(address, int(sys.argv[1]), timeout=10)
    headers = {"Authorization": f"Basic {base64.b64encode(user.encode()).decode()}"} if user else {}
    try:
        connection.request(method or ("POST" if body else "GET"), path, body or None, headers)
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()


print(
    json.dumps(
        {
            "here": _ask("127.0.0.1", "/system"),
            "elsewhere": _ask(sys.argv[2], "/system"),
            "builtin": _ask(sys.argv[2], "/system", "orthanc:orthanc"),
            "ann": _ask(sys.argv[2], "/system", "ann:right"),
            "lua": _ask("127.0.0.1", "/tools/execute-script", body=_SCRIPT),
            "webdav": _ask("127.0.0.1", "/webdav/", method="PROPFIND"),
        }
    )
)
