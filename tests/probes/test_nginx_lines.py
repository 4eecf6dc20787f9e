"""The lexer that runs on the target, under every awk that is here, and the tree made of it."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from hipscan.collect.library import LIBRARY
from hipscan.probes.nginx import parse
from hipscan.probes.nginx_lines import LEX, read_tree

CASES = yaml.safe_load((Path(__file__).parent / "nginx_lines.yaml").read_text())
AWKS = [name for name in ("mawk", "gawk", "busybox", "original-awk") if shutil.which(name)]


def lex(text: str, awk: str) -> list[str]:
    call = 'awk() { busybox awk "$@"; }\n' if awk == "busybox" else f'awk() {{ {awk} "$@"; }}\n'
    body = "F/x\n" + "".join(f":{line}\n" for line in text.split("\n")[:-1])
    script = f"{LIBRARY}{call}{LEX}\nlex"
    done = subprocess.run(
        ["sh", "-c", script], input=body, capture_output=True, text=True, check=True
    )
    assert not done.stderr
    return [line[1:].replace("\t", "|") for line in done.stdout.splitlines()[1:]]


@pytest.mark.parametrize("awk", AWKS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_lexer(case: dict[str, Any], awk: str) -> None:
    lines = lex(case["text"], awk)
    assert lines == case["lines"]
    assert "canary" not in "".join(lines)


@given(st.text(alphabet="ab \t\r\n;{}#\"'\\$", max_size=80))
def test_what_the_lexer_prints_can_always_be_parsed(text: str) -> None:
    lines = [f":{line}".replace("|", "\t") for line in lex(text.replace("\r", "") + "\n", AWKS[0])]
    facts = parse("\n".join(["version nginx/1.22.1", "F/etc/nginx/nginx.conf", *lines]), 0)
    assert "nginx_server" in facts


def test_includes_stand_where_they_are_named_and_loops_end() -> None:
    files = {
        "/etc/nginx/nginx.conf": ["1\t{\thttp", "2\t;\tinclude\tsites/*", "3\t}"],
        "/etc/nginx/sites/b": ["1\t{\tserver", "2\t;\tlisten\t2", "3\t}"],
        "/etc/nginx/sites/a": ["1\t{\tserver", "2\t}", "3\t}", "4\t;\tinclude\tsites/a"],
        "/etc/nginx/sites/deeper/c": ["1\t;\tlisten\t3"],
    }
    http = read_tree("/etc/nginx/nginx.conf", files).all("http")[0]
    assert http.all("server")[0].file == "/etc/nginx/sites/a"
    assert [each.file for each in http.all("server")][-1] == "/etc/nginx/sites/b"
