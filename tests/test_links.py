"""``python -m tools.book --links`` asks every link of the pages; here of two on this machine."""

import shutil
import socket
import threading
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path

from tools import book

ROOT = Path(__file__).resolve().parents[1]


def test_a_link_that_does_not_answer_is_named_with_its_page(tmp_path, monkeypatch, capsys):
    shutil.copytree(ROOT / "docs", tmp_path / "docs", ignore=shutil.ignore_patterns("*.md", "api.rst"))
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        dead = f"http://127.0.0.1:{unused.getsockname()[1]}/dead"
    server = HTTPServer(("127.0.0.1", 0), SimpleHTTPRequestHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    alive = f"http://127.0.0.1:{server.server_port}/"

    def lay_out(root, tree):
        tree.mkdir()
        (tree / "index.md").write_text(f"# Links\n\n[here]({alive}) and [there]({dead})\n")

    monkeypatch.setattr(book, "lay_out", lay_out)
    assert book.main(["--links"], root=tmp_path) == 2
    server.shutdown()
    said = capsys.readouterr().err
    assert f"index.md:3: WARNING: broken link: {dead}" in said and alive not in said
