"""Records what Feast's SDK and Feast's own feature server say to each other into exchanges.json.

Run by hand, in an environment with Feast, where a newer version is to be followed: python test/feast/record.py
"""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

import feast
import requests

from sdk_calls import calls

HERE = pathlib.Path(__file__).parent
URL = "http://127.0.0.1:26566"

exchanges = []
send = requests.Session.send


def recorded(session, request, **options):
    response = send(session, request, **options)
    body = request.body
    exchanges.append({
        "method": request.method, "path": request.path_url,
        "request": body.decode() if isinstance(body, bytes) else body,
        "status": response.status_code, "answer": response.text,
    })
    return response


def feast_cli(folder, *arguments):
    return [sys.executable, "-m", "feast.cli.cli", "-c", str(folder), *arguments]


with tempfile.TemporaryDirectory() as folder:
    repo = pathlib.Path(folder) / "drivers"
    shutil.copytree(HERE / "drivers", repo)
    # With it an apply would find nothing to do, and make no tables.
    (repo / "data" / "registry.db").unlink()
    subprocess.run(feast_cli(repo, "apply"), check=True)
    subprocess.run(feast_cli(repo, "materialize", "2026-10-01T00:00:00", "2026-11-24T00:00:00"), check=True)
    server = subprocess.Popen(feast_cli(repo, "serve", "-h", "127.0.0.1", "-p", URL.rsplit(":", 1)[1]))
    try:
        for _ in range(120):
            try:
                if requests.get(f"{URL}/health").status_code == 200:
                    break
            except requests.ConnectionError:
                time.sleep(0.5)
        requests.Session.send = recorded
        given = calls(URL, repo / "data" / "registry.db")
    finally:
        server.terminate()
        server.wait()

out = {"feast": feast.__version__, "exchanges": exchanges, "given": given}
(HERE / "exchanges.json").write_text(json.dumps(out, indent=1, ensure_ascii=False) + "\n")
